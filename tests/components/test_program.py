"""The program on the host, as the steps of every stack call it."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import components.machine.ssh
from components.machine import host_program, ssh_files
from render import verb
from tests.components.declared import COMMAND, ROOT, Program
from tests.doubles.recording import declare

TEXTS = ("create", "update", "delete")
REACHED = {"kind": "ssh", "address": "sertantai-hz", "host_key": "ssh-ed25519 " + "A" * 68}


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the program's sources, which is packed instead of them."""
    copy = tmp_path / "host"
    shutil.copytree(host_program.SOURCES, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(host_program, "SOURCES", copy)
    host_program.pack.cache_clear()
    yield copy
    host_program.pack.cache_clear()


@pytest.fixture
def reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, dict[str, Any]]]:
    """Declares the production stack on a machine reached over SSH. Returns its resources' inputs, by name."""
    # Not over the files of a real stack.
    monkeypatch.setattr(components.machine.ssh, "write", lambda root, stack, *_: ssh_files.folder(stack) / "config")

    def inputs() -> dict[str, dict[str, Any]]:
        stack = tmp_path / "Pulumi.prod.yaml"
        config = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]
        stack.write_text(yaml.safe_dump({"config": config | {"sertantai:host": REACHED}}))
        host_program.pack.cache_clear()
        return {f"{each.type} {each.name}": dict(each.inputs) for each in declare("prod", stack)}

    return inputs


def test_a_changed_comment_in_the_program_runs_its_installation_again_and_nothing_else(
    sources: Path, reached: Callable[[], dict[str, dict[str, Any]]]
) -> None:
    before = reached()
    for file in ("gate.py", "shell/fingerprints.sh", "sql/releases.sql"):
        comment = {".py": "#", ".sh": "#", ".sql": "--"}[Path(file).suffix]
        with (sources / file).open("a") as text:
            text.write(f"{comment} another comment\n")
        after = reached()
        assert {name for name in after if after[name] != before[name]} == {f"{COMMAND} host-program"}, file
        before = after


@pytest.mark.parametrize("file", ["backup/turn.py", "sql/backup_rows.sql", "failure.py"])
def test_another_version_of_the_program_that_backs_up_is_written_for_its_container(
    sources: Path, reached: Callable[[], dict[str, dict[str, Any]]], file: str
) -> None:
    before = reached()
    with (sources / file).open("a") as text:
        text.write("-- ;\n;" if file.endswith(".sql") else "CHANGED = 1\n")
    after = reached()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {f"{COMMAND} host-program", f"{COMMAND} backup-files"}


def test_the_bytes_of_the_program_depend_on_its_sources_alone(sources: Path) -> None:
    packed = host_program.pack()
    (sources / "__pycache__").mkdir()
    (sources / "__pycache__" / "gate.pyc").write_bytes(b"compiled")
    (sources / "gate.py").touch()
    host_program.pack.cache_clear()
    assert host_program.pack() == packed


def test_the_packed_program_runs_and_has_its_files(tmp_path: Path) -> None:
    program = tmp_path / "host.pyz"
    program.write_bytes(host_program.pack())
    said = subprocess.run(["python3", program, "--help"], cwd="/", capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")
    read = "import sys; sys.path.insert(0, sys.argv[1]); from host import files; print(files.sql('releases'))"
    said = subprocess.run(["python3", "-c", read, program], cwd="/", capture_output=True, text=True)
    assert said.stdout == (host_program.SOURCES / "sql" / "releases.sql").read_text() + "\n", said.stderr


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_no_text_of_a_step_is_too_long_to_read(stack: str, reached: Callable[[], dict[str, dict[str, Any]]]) -> None:
    steps = {f"{step.name}/{key}": step.inputs.get(key) for step in Program.of(stack).all(COMMAND) for key in TEXTS}
    if stack == "prod":  # inputs that depend on the server's address are known on an existing machine
        steps |= {f"{name}/{key}": inputs.get(key) for name, inputs in reached().items() for key in TEXTS}
    long = {name: len(text) for name, text in steps.items() if text and len(str(text)) > verb.MAX_LENGTH}
    assert long == {}


@pytest.mark.parametrize(("stack", "imported"), [("local", set()), ("prod", {"pulumi_hcloud", "pulumi_tls"})])
def test_hetzners_packages_are_imported_only_for_a_server_at_hetzner(stack: str, imported: set[str]) -> None:
    text = f"import sys; from tests.doubles import recording; recording.declare({stack!r}); print(*sys.modules)"
    program = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"pulumi_hcloud", "pulumi_tls"} & {*program.stdout.split()} == imported
