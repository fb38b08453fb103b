"""`up` of a stack that is not local: it is shown, confirmed, and applied as shown."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import __main__ as command
from cli.engine import engine, runner
from cli.server import reach
from cli.stack import services
from components.machine.confirmed import VARIABLE

# Stands in for the CLI: its preview writes a new file, its `up` reads it.
CLI = """#!/bin/sh
said() { printf '{"verb": "%s", "file": "%s", "digests": "%s"}\\n' "$1" "$FILE" "$(cat "$FILE" 2>&1)" >> asked; }
FILE=$SERTANTAI_DIGESTS
said "$1"
[ "$1" = preview ] && echo "digests of $$" > "$FILE" && said written
exit "$(cat code)"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands in for the project, with a CLI."""
    (tmp_path / "pulumi").write_text(CLI)
    (tmp_path / "pulumi").chmod(0o755)
    (tmp_path / "code").write_text("0")
    (tmp_path / "Pulumi.trial.yaml").write_text("config: {}")
    monkeypatch.setattr(runner, "find_or_install", lambda: str(tmp_path / "pulumi"))
    monkeypatch.setattr(engine, "ROOT", tmp_path)
    monkeypatch.setattr(reach, "ROOT", tmp_path)
    monkeypatch.setattr(services, "ROOT", tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path


def up(answer: str, *words: str) -> int:
    return CliRunner().invoke(command.app, ["up", "--stack", "trial", *words], input=answer).exit_code


def asked(project: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (project / "asked").read_text().splitlines()]


def test_up_reads_the_file_that_its_preview_wrote(project: Path) -> None:
    assert up("y\n") == 0
    shown, written, applied = asked(project)
    assert [shown["verb"], applied["verb"]] == ["preview", "up"]
    assert "No such file" in shown["digests"]
    assert applied["digests"] == written["digests"] != ""
    assert applied["file"] == shown["file"]
    assert not Path(shown["file"]).parent.exists()


def test_each_up_has_its_own_file(project: Path) -> None:
    assert [up("y\n"), up("y\n")] == [0, 0]
    [first, _, _, second, _, _] = asked(project)
    assert first["file"] != second["file"]
    assert "No such file" in second["digests"]


def test_a_declined_preview_is_not_applied_and_its_file_is_removed(project: Path) -> None:
    assert up("n\n") == 1
    assert [each["verb"] for each in asked(project)] == ["preview", "written"]
    assert not Path(asked(project)[0]["file"]).parent.exists()


def test_a_failed_preview_neither_asks_nor_applies(project: Path) -> None:
    (project / "code").write_text("7")
    assert up("y\n") == 1
    assert [each["verb"] for each in asked(project)] == ["preview", "written"]


def test_an_up_without_a_preview_has_no_file(project: Path) -> None:
    assert up("", "--yes") == 0
    [applied] = asked(project)
    assert (applied["verb"], applied["file"]) == ("up", "")
