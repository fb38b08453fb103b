"""A dump on its way to the host: what has arrived stays, and only what is whole is put in."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from components.restore_program import PIECE, Restore

from .test_restore import empty

# Stands for the way to the host: it breaks after so many bytes while there is a line in the file `cuts`.
WAY = """
case "$2" in
  *"cat >> "*)
    if limit=$(head -n 1 cuts) && [ -n "$limit" ]; then
      sed -i 1d cuts
      head -c "$limit" | bash -c "$2"
      exit 255
    fi ;;
esac
exec bash -c "$2"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cuts").touch()
    (tmp_path / "way").write_text(WAY)
    return tmp_path


def dump(folder: Path, megabytes: int = 0) -> tuple[str, str]:
    """A file that begins as a dump does, and its SHA-256."""
    content = empty(b"dev") + b"".join(
        hashlib.sha256(bytes([n % 256, n // 256])).digest() * (PIECE // 32) for n in range(megabytes)
    )
    (folder / "legal.dump").write_bytes(content)
    return "legal.dump", hashlib.sha256(content).hexdigest()


def restore(folder: Path, name: str, digest: str, restored: str = "true") -> Restore:
    return Restore(
        what="legal/restore",
        at="services/legal/restore",
        dump=name,
        expect={},
        digest=digest,
        interpreter=["bash", "way", "-c"],
        restored=restored,
        incoming=f"{folder}/host/legal-incoming-{digest}.dump",
        load=f"cat > told; ls {folder}/host > there || true",
    )


def arrived(folder: Path, digest: str) -> Path:
    return folder / "host" / f"legal-incoming-{digest}.dump"


def test_it_arrives_whole_with_a_bar_that_grows(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    name, digest = dump(folder, 20)
    restore(folder, name, digest).send()
    assert hashlib.sha256(arrived(folder, digest).read_bytes()).hexdigest() == digest
    assert arrived(folder, digest).stat().st_mode & 0o077 == 0, "nobody else may read it"
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "legal/restore: sending [###                           ] 10 % of 21 MB"
    assert lines[-1] == "legal/restore: sending [##############################] 100 % of 21 MB"
    assert len(lines) == 10


def test_after_a_cut_it_goes_on_from_where_it_was(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    name, digest = dump(folder, 20)
    (folder / "cuts").write_text(f"{5 * PIECE}\n")
    restore(folder, name, digest).send()
    assert hashlib.sha256(arrived(folder, digest).read_bytes()).hexdigest() == digest
    assert "10 %" not in capfd.readouterr().out.splitlines()[-7], "what had arrived was not sent again"


def test_a_way_that_breaks_again_and_again_is_an_error_and_the_next_run_goes_on(folder: Path) -> None:
    name, digest = dump(folder, 8)
    (folder / "cuts").write_text(f"{PIECE}\n" * 3)
    with pytest.raises(SystemExit, match=r"legal.dump could not be sent whole in 3 tries; run up again: it goes on"):
        restore(folder, name, digest).send()
    assert arrived(folder, digest).stat().st_size == 3 * PIECE
    restore(folder, name, digest).send()
    assert hashlib.sha256(arrived(folder, digest).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("there", [b"another", b"x" * (3 * PIECE)], ids=["shorter", "longer"])
def test_what_is_there_of_something_else_is_thrown_away(folder: Path, there: bytes) -> None:
    name, digest = dump(folder, 2)
    arrived(folder, digest).parent.mkdir()
    arrived(folder, digest).write_bytes(there)
    restore(folder, name, digest).send()
    assert hashlib.sha256(arrived(folder, digest).read_bytes()).hexdigest() == digest


def test_other_dumps_that_never_arrived_are_removed(folder: Path) -> None:
    name, digest = dump(folder)
    (folder / "host").mkdir()
    for other in ("legal-incoming-1a2b.dump", "legal-before.dump", "enforcement-incoming-1a2b.dump"):
        (folder / "host" / other).touch()
    restore(folder, name, digest).run("")
    there = (folder / "there").read_text().split()
    assert there == ["enforcement-incoming-1a2b.dump", "legal-before.dump", arrived(folder, digest).name]


def test_a_dump_that_postgresql_has_is_not_sent(folder: Path) -> None:
    name, digest = dump(folder)
    restore(folder, name, digest, restored=f"echo {digest} 2026-11-23 10:00 UTC {name}").run("")
    assert (folder / "told").exists(), "the host still sees to it that everything serves"
    assert not (folder / "host").exists()


def test_a_dump_that_was_changed_since_the_preview_is_not_put_in(folder: Path) -> None:
    name, digest = dump(folder)
    (folder / name).write_bytes(empty(b"other"))
    with pytest.raises(SystemExit, match="could not be sent whole"):
        restore(folder, name, digest).run("")
    assert not (folder / "told").exists()


def test_no_secret_is_in_a_command_and_the_description_comes_by_stdin(folder: Path) -> None:
    name, digest = dump(folder)
    restore(folder, name, digest).run("a secret\nit's another")
    told = (folder / "told").read_text()
    assert "SECRETS='a secret\nit'\"'\"'s another'" in told
    assert told.startswith("DUMP='\\set dump ")


def test_it_needs_nothing_but_pythons_own_library() -> None:
    """The operator's python3 has none of the project's packages."""
    text = "import sys; sys.path.insert(0, ''); import components.restore_program; print(*sys.modules)"
    said = subprocess.run(
        [sys.executable, "-I", "-S", "-c", text],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"pulumi", "jinja2", "pydantic", "docker"} & {*said.stdout.split()}
