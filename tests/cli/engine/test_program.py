"""The program runs in a process that starts before the engine."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2_grpc

from cli.engine import engine, program, served
from cli.engine.engine import ROOT
from cli.engine.program import Program
from tests.e2e.runner import has_engine
from tests.waiting import eventually


@pytest.fixture
def served_program() -> Iterator[Program]:
    served_program = Program(ROOT)
    yield served_program
    served_program.end()


def test_the_engine_is_answered_once_everything_is_imported(served_program: Program) -> None:
    option, address = served_program.options({"NAME": "value"})
    assert option == "--client"
    with grpc.insecure_channel(address) as channel:
        stub = language_pb2_grpc.LanguageRuntimeStub(channel)
        assert stub.GetPluginInfo(empty_pb2.Empty(), timeout=60).version == ""


def test_a_program_that_cannot_start_leaves_the_engine_to_start_its_own(served_program: Program) -> None:
    served_program._process.kill()
    served_program._process.wait()
    assert served_program.options({}) == []


def test_it_ends_with_the_command_that_started_it() -> None:
    script = "from pathlib import Path; from cli.engine.program import Program; p = Program(Path()); p.options({}); "
    script += "print(p._process.pid)"
    pid = int(subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True).stdout)
    eventually(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    file = Path(f"/proc/{pid}/cmdline")
    return file.exists() and bool(file.read_bytes())  # a zombie has none


@pytest.mark.engine
@pytest.mark.skipif(not has_engine(), reason="no Pulumi CLI")
@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("import pulumi, os\nraise pulumi.RunError(os.environ['REASON'])\n", "error: port: must be a number\n"),
        ("import nothing_of_this_name\n", "ModuleNotFoundError: No module named 'nothing_of_this_name'\n"),
        ("import pulumi\nprint('x' * 2**17)\nraise pulumi.RunError('printed')\n", "error: printed\n"),
    ],
)
def test_an_error_of_the_program_is_reported_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], text: str, error: str
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: sertantai\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(text)
    monkeypatch.setattr(engine, "ROOT", tmp_path)
    monkeypatch.setattr(engine, "LOCAL_STATE", tmp_path / "state")
    program.start(tmp_path)
    monkeypatch.setenv("REASON", "port: must be a number")  # only what follows gives it its environment
    assert engine.pulumi("pulumi", "local", "up", "--yes", "--skip-preview") == 1
    said = capfd.readouterr()
    assert error in said.out
    assert "also failed" not in said.out + said.err


def test_only_the_imports_of_the_program_run_ahead() -> None:
    names: dict[str, object] = {}
    exec(served.imports("import json\nfrom os import path\nbroken = 1 / 0\n"), names)
    assert {"json", "path"} <= names.keys()
