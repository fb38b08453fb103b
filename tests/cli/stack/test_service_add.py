"""`service add` writes a block that has no mistake, in the words of the other services."""

import re
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from cli.__main__ import app
from cli.stack import conventions, service_add, services
from settings import parse
from settings.stack_file import StackFile
from tests.places import ROOT


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's own stack files, with connections to spare in prod."""
    for module in (services, service_add):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    for stack in ("local", "prod"):
        text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(text.replace("max_connections: 450", "max_connections: 600"))
    return tmp_path


def call(*words: str, stack: str = "prod", answers: str = "") -> tuple[int, str]:
    words = words if service_add._is_terminal() else (*words, "--yes")
    result = CliRunner().invoke(app, ["service", "add", *words, "--stack", stack], input=answers)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def block(folder: Path, name: str, stack: str = "prod") -> Any:
    config = yaml.safe_load((folder / f"Pulumi.{stack}.yaml").read_text())["config"]
    return config["sertantai:services"][name]


def test_a_name_is_enough_where_the_other_services_say_the_rest(folder: Path) -> None:
    before = (folder / "Pulumi.prod.yaml").read_text()
    code, shown = call("field-notes")
    assert code == 0
    assert block(folder, "field-notes") == {
        "domain": "field-notes.sertantai.com",
        "names": ["sertantai_field_notes_app", "sertantai-field-notes"],
        "database": {"name": "sertantai_field_notes_prod", "extensions": ["uuid-ossp", "citext"]},
        "app": {
            "image": "ghcr.io/shotleybuilder/sertantai-field-notes-backend:latest",
            "command": ["/app/bin/sertantai_field_notes", "start"],
            "port": 4007,
            "health": {"path": "/health", "tool": "wget"},
            "routes": ["/api/", "/health"],
            "migrate": ["/app/bin/sertantai_field_notes", "eval", "SertantaiFieldNotes.Release.migrate"],
            "memory_mb": 1024,
        },
        "frontend": {
            "image": "ghcr.io/shotleybuilder/sertantai-field-notes-frontend:latest",
            "port": 3000,
            "health": {"path": "/", "tool": "wget"},
        },
    }
    after = (folder / "Pulumi.prod.yaml").read_text()
    changes = SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False).get_opcodes()
    assert {kind for kind, *_ in changes} == {"equal", "insert"}
    assert shown.splitlines()[-1] == "next: ./sertantai plan field-notes --stack prod"
    file = StackFile.read("prod", folder / "Pulumi.prod.yaml")
    assert "field-notes" in parse(file.project_values(), file.project_secrets()).services


def test_what_is_named_is_taken(folder: Path) -> None:
    options = ["--domain", "notes.example.org", "--image", "ghcr.io/owner/notes:2", "--port", "4500", "--redis"]
    options += ["--database", "none", "--frontend-image", "none", "--electric", "--context", "../notes"]
    code, shown = call("notes", *options)
    assert code == 1
    assert "services/notes/electric: " in shown  # it needs a database
    assert call("notes", *options, "--no-electric")[0] == 0
    notes = block(folder, "notes")
    assert notes.keys() == {"domain", "names", "redis", "app"}
    assert notes["domain"] == "notes.example.org"
    named = {"image": "ghcr.io/owner/notes:2", "port": 4500, "build": {"context": "../notes"}}
    assert notes["app"].items() >= named.items()
    assert not {"migrate", "routes"} & notes["app"].keys()


def test_electric_gets_a_stream_id_that_is_free(folder: Path) -> None:
    text = (folder / "Pulumi.prod.yaml").read_text()
    (folder / "Pulumi.prod.yaml").write_text(text.replace("stream_id: compliance", "stream_id: notes"))
    assert call("notes", "--electric")[0] == 0
    electric = block(folder, "notes")["electric"]
    assert electric["stream_id"] == "notes_2"
    assert electric["access"] == {"kind": "app", "path": "/api/electric/"}


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        (["notes", "--port", "80"], "services/notes/app/port: must be greater than or equal to 1024"),
        (["Notes"], "services/Notes: must be a DNS label"),
        (["notes", "--domain", "legal.sertantai.com"], "services/notes/domain: "),
        (["legal"], "services/legal: Pulumi.prod.yaml has this service already"),
        ([], "service add: the name is missing"),
    ],
)
def test_a_block_with_a_mistake_is_not_written(folder: Path, words: list[str], mistake: str) -> None:
    before = (folder / "Pulumi.prod.yaml").read_text()
    code, shown = call(*words)
    assert (code, mistake in shown) == (1, True), shown
    assert (folder / "Pulumi.prod.yaml").read_text() == before


def test_each_setting_is_asked_for_with_a_suggestion(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_add, "_is_terminal", lambda: True)
    code, shown = call(stack="local", answers="notes\n\n\n4100\nnone\nlocalhost:5050/sertantai/frontend:1\nno\n\n")
    assert code == 0
    assert "Domain [notes.localhost]:" in shown
    assert block(folder, "notes", "local").items() >= {"domain": "notes.localhost"}.items()
    assert block(folder, "notes", "local")["app"]["port"] == 4100
    assert "database" not in block(folder, "notes", "local")


def test_where_nobody_can_be_asked_nothing_is_written_without_yes(folder: Path) -> None:
    before = (folder / "Pulumi.prod.yaml").read_text()
    result = CliRunner().invoke(app, ["service", "add", "notes", "--stack", "prod"])
    assert (result.exit_code, result.output) == (1, "service add: nobody can be asked here: add --yes\n")
    assert (folder / "Pulumi.prod.yaml").read_text() == before


def test_nothing_is_written_if_the_block_is_not_confirmed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_add, "_is_terminal", lambda: True)
    before = (folder / "Pulumi.local.yaml").read_text()
    assert call("notes", stack="local", answers="\n" * 7 + "n\n")[0] == 1
    assert (folder / "Pulumi.local.yaml").read_text() == before


def test_a_services_name_inside_another_word_is_not_replaced() -> None:
    others = {"hub": {"app": {"image": "ghcr.io/github/my-hub:1"}}}
    assert conventions.suggest(others, "notes", "app", "image") == "ghcr.io/github/my-notes:1"


@pytest.mark.parametrize(
    ("image", "suggested"),
    [
        (f"ghcr.io/o/my-legal:3f9c2d41a@sha256:{'a' * 64}", "ghcr.io/o/my-notes"),
        ("ghcr.io/o/my-legal:3f9c2d41a-dirty", "ghcr.io/o/my-notes"),
        (f"localhost:5050/my-legal:1.4@sha256:{'a' * 64}", "localhost:5050/my-notes:1.4"),
        (f"localhost:5050/my-legal@sha256:{'a' * 64}", "localhost:5050/my-notes"),
    ],
)
def test_a_suggested_image_is_no_build_of_another_service(image: str, suggested: str) -> None:
    others = {"legal": {"app": {"image": image}}, "hub": {"domain": "hub.test"}}
    assert conventions.suggest_image(others, "notes", "app") == suggested
    assert conventions.suggest_image(others, "notes", "frontend") is None
    assert conventions.suggest_image(others, "notes", "app", rare=False) is None


def test_it_is_suggested_where_the_others_are_pinned(folder: Path) -> None:
    file = folder / "Pulumi.prod.yaml"
    file.write_text(
        re.sub(r"(ghcr.io/shotleybuilder/\S+):latest", rf"\1:3f9c2d41a@sha256:{'a' * 64}", file.read_text())
    )
    assert call("notes")[0] == 0
    notes = block(folder, "notes")
    images = [notes[part]["image"] for part in ("app", "frontend")]
    assert images == [f"ghcr.io/shotleybuilder/sertantai-notes-{part}" for part in ("backend", "frontend")]
