"""The program runs in a process that starts before the engine."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2_grpc

from cli.engine import engine, served
from cli.engine.engine import ROOT
from cli.engine.program import Program
from tests.e2e.runner import has_engine
from tests.waiting import eventually


@pytest.fixture
def program() -> Iterator[Program]:
    program = Program(ROOT)
    yield program
    program.end()


def test_the_engine_is_answered_once_everything_is_imported(program: Program) -> None:
    option, address = program.options({"NAME": "value"})
    assert option == "--client"
    with grpc.insecure_channel(address) as channel:
        stub = language_pb2_grpc.LanguageRuntimeStub(channel)
        assert stub.GetPluginInfo(empty_pb2.Empty(), timeout=60).version == ""


def test_a_program_that_cannot_start_leaves_the_engine_to_start_its_own(program: Program) -> None:
    program._process.kill()
    program._process.wait()
    assert program.options({}) == []


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
def test_a_mistake_that_the_program_finds_is_reported_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: sertantai\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("import pulumi\nraise pulumi.RunError('port: must be a number')\n")
    monkeypatch.setattr(engine, "ROOT", tmp_path)
    monkeypatch.setattr(engine, "LOCAL_STATE", tmp_path / "state")
    assert engine.pulumi("pulumi", "local", "up", "--yes", "--skip-preview") == 1
    said = capfd.readouterr()
    assert "error: port: must be a number\n" in said.out
    assert "also failed" not in said.out + said.err


def test_only_the_imports_of_the_program_run_ahead() -> None:
    names: dict[str, object] = {}
    exec(served.imports("import json\nfrom os import path\nbroken = 1 / 0\n"), names)
    assert {"json", "path"} <= names.keys()
