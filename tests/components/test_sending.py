"""Sending a dump to the host: what has arrived stays, and only a whole dump is restored."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from components.service.restore_program import PIECE, Restore
from tests.components.service.test_restore import empty

ROOT = Path(__file__).parents[2]
# Stands in for the connection and the host. The connection breaks after the bytes in each line of the file `cuts`.
WAY = f"""
case "$1" in
  "restore-receive "*)
    if limit=$(head -n 1 cuts) && [ -n "$limit" ]; then
      sed -i 1d cuts
      head -c "$limit" | PYTHONPATH={ROOT} python3 -m host "$1"
      exit 255
    fi ;;
  "restored "*) exec cat restored ;;
  "restore-load "*)
    echo "$1" > line
    cat > inputs
    ls .sertantai/trial > files 2> /dev/null
    exit 0 ;;
esac
PYTHONPATH={ROOT} exec python3 -m host "$1"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "cuts").touch()
    (tmp_path / "restored").write_text("[]")
    (tmp_path / "way").write_text(WAY)
    return tmp_path


def dump(folder: Path, megabytes: int = 0) -> tuple[str, str]:
    """A file that begins like a dump, and its SHA-256."""
    content = empty(b"dev") + b"".join(
        hashlib.sha256(bytes([n % 256, n // 256])).digest() * (PIECE // 32) for n in range(megabytes)
    )
    (folder / "legal.dump").write_bytes(content)
    return "legal.dump", hashlib.sha256(content).hexdigest()


def restore(name: str, digest: str, secrets: Sequence[str] = ()) -> Restore:
    return Restore(
        service="legal",
        dump=name,
        digest=digest,
        replace=False,
        disable_triggers=True,
        program=["bash", "way"],
        stack="trial",
        database="legal_trial",
        postgres="postgres",
        gateway="nginx",
        expect={},
        inputs={"owner": "legal_trial_owner", "secrets": list(secrets)},
    )


def arrived(folder: Path, digest: str, service: str = "legal") -> Path:
    place = folder / ".sertantai" / "trial"
    place.mkdir(parents=True, exist_ok=True)
    return place / f"{service}-incoming-{digest}.dump"


def test_it_arrives_whole_and_a_bar_shows_the_progress(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    name, digest = dump(folder, 20)
    restore(name, digest).send()
    assert hashlib.sha256(arrived(folder, digest).read_bytes()).hexdigest() == digest
    assert arrived(folder, digest).stat().st_mode & 0o077 == 0, "nobody else may read it"
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "legal/restore: sending [###                           ] 10 % of 21 MB"
    assert lines[-1] == "legal/restore: sending [##############################] 100 % of 21 MB"
    assert len(lines) == 10


def test_after_a_broken_connection_it_continues(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    name, digest = dump(folder, 20)
    (folder / "cuts").write_text(f"{5 * PIECE}\n")
    restore(name, digest).send()
    assert hashlib.sha256(arrived(folder, digest).read_bytes()).hexdigest() == digest
    assert "10 %" not in capfd.readouterr().out.splitlines()[-7], "what had arrived was not sent again"


def test_a_connection_that_always_breaks_is_an_error_and_the_next_run_continues(folder: Path) -> None:
    name, digest = dump(folder, 8)
    (folder / "cuts").write_text(f"{PIECE}\n" * 3)
    with pytest.raises(SystemExit, match=r"legal.dump could not be sent whole in 3 tries; run up again: it continues"):
        restore(name, digest).send()
    assert arrived(folder, digest).stat().st_size == 3 * PIECE
    restore(name, digest).send()
    assert hashlib.sha256(arrived(folder, digest).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("there", [b"another", b"x" * (3 * PIECE)], ids=["shorter", "longer"])
def test_a_part_of_another_dump_is_discarded(folder: Path, there: bytes) -> None:
    name, digest = dump(folder, 2)
    arrived(folder, digest).write_bytes(there)
    restore(name, digest).send()
    assert hashlib.sha256(arrived(folder, digest).read_bytes()).hexdigest() == digest


def test_incomplete_dumps_of_this_service_alone_are_removed(folder: Path) -> None:
    name, digest = dump(folder)
    other = hashlib.sha256(b"other").hexdigest()
    kept = ["legal-before.dump", "legal-incoming-before.dump", "legal-incoming-notes.txt"]
    of_others = [arrived(folder, other, service).name for service in ("enforcement", "legal-incoming", "legal-2")]
    for file in (*kept, *of_others, arrived(folder, other).name):
        arrived(folder, other).with_name(file).touch()
    restore(name, digest).run()
    files = (folder / "files").read_text().split()
    assert sorted(files) == sorted([*kept, *of_others, arrived(folder, digest).name])


def test_a_dump_that_postgresql_has_is_not_sent(folder: Path) -> None:
    name, digest = dump(folder)
    known = [{"digest": digest, "at": "2026-11-23 10:00", "path": name}]
    (folder / "restored").write_text(json.dumps(known))
    restore(name, digest).run()
    assert "dump" not in json.loads((folder / "inputs").read_text()), "the host still sees to it that everything serves"
    assert not arrived(folder, digest).exists()


def test_a_dump_that_has_changed_since_the_preview_is_not_restored(folder: Path) -> None:
    name, digest = dump(folder)
    (folder / name).write_bytes(empty(b"other"))
    with pytest.raises(SystemExit, match="could not be sent whole"):
        restore(name, digest).run()
    assert not (folder / "inputs").exists()


def test_no_secret_is_in_a_command_and_the_description_comes_by_stdin(folder: Path) -> None:
    name, digest = dump(folder)
    restore(name, digest, ["a secret\nit's another"]).run()
    inputs = json.loads((folder / "inputs").read_text())
    assert inputs["secrets"] == ["a secret\nit's another"]
    assert inputs["dump"] == {"database": "dev", "major": 17, "tables": [], "versions": None}
    words = f"restore-load legal legal_trial {digest} --stack trial --postgres postgres --gateway nginx"
    assert (folder / "line").read_text() == f"{words} --disable-triggers\n"


def test_a_step_that_fails_on_the_host_fails_here(folder: Path) -> None:
    name, digest = dump(folder)
    (folder / "way").write_text("exit 3")
    with pytest.raises(SystemExit) as ended:
        restore(name, digest).run()
    assert ended.value.code == 3


def test_a_file_that_is_no_dump_is_not_sent(folder: Path) -> None:
    (folder / "legal.dump").write_text("-- PostgreSQL database dump")
    with pytest.raises(SystemExit, match=r"services/legal/restore/dump: legal.dump is no dump in pg_dump's custom"):
        restore("legal.dump", "1a2b").run()
    with pytest.raises(SystemExit, match=r"services/legal/restore/dump: other.dump cannot be read"):
        restore("other.dump", "1a2b").run()
    assert not (folder / "inputs").exists()


def test_its_arguments_and_its_stdin_are_those_of_the_step(folder: Path) -> None:
    name, digest = dump(folder)
    stdin: dict[str, object] = dict.fromkeys(["stack", "database", "postgres", "gateway"], "trial")
    stdin |= {"program": ["bash", "way"], "expect": {"laws": 1}, "inputs": {"owner": "trial_owner"}}
    done = subprocess.run(
        [sys.executable, "-m", "components.service.restore_program", f"legal {name} --digest {digest} --replace"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        input=json.dumps(stdin),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == "services/legal/restore/expect/laws: is not among the dump's tables\n"


def test_it_imports_the_standard_library_alone() -> None:
    text = "import sys; sys.path.insert(0, ''); import components.service.restore_program; print(*sys.modules)"
    said = subprocess.run(
        [sys.executable, "-I", "-S", "-c", text], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"pulumi", "jinja2", "pydantic", "docker"} & {*said.stdout.split()}
