"""Which images migrate whenever a container of them starts."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from host import boot_migrations, docker
from host.failure import Failure

IMAGE = "ghcr.io/owner/legal@sha256:a"
SCRIPT = "/app/bin/legal eval 'Legal.Release.migrate()' && /app/bin/legal start"


def image(cmd: Sequence[str] | None, entrypoint: Sequence[str] | None = None, reference: str = IMAGE) -> dict[str, Any]:
    return {"RepoDigests": [f"other@{reference}", reference], "Config": {"Cmd": cmd, "Entrypoint": entrypoint}}


def warnings(
    monkeypatch: pytest.MonkeyPatch, *found: dict[str, Any], images: dict[str, str] | None = None
) -> list[str]:
    monkeypatch.setattr(docker, "run", lambda *_: docker.Output(1, json.dumps(found), "Error: No such image: x"))
    return list(boot_migrations.warnings(images or {"legal": IMAGE}))


@pytest.mark.parametrize(
    "command",
    [
        ["/bin/bash", "-c", SCRIPT],
        ["sh", "-c", "bin/migrate; exec bin/server"],
        ["/app/bin/legal", "eval", "Legal.Release.migrate"],
        ["/app/bin/legal", "eval", "Legal.Release.migrate_all()"],
        ["mix", "do", "ecto.migrate", "+", "phx.server"],
        ["/app/bin/migrate_and_serve"],
        ["./manage.py", "MIGRATE"],
    ],
)
def test_a_command_or_an_entrypoint_that_migrates_is_known(
    monkeypatch: pytest.MonkeyPatch, command: Sequence[str]
) -> None:
    assert len(warnings(monkeypatch, image(command))) == 1
    assert len(warnings(monkeypatch, image(["start"], command))) == 1


@pytest.mark.parametrize(
    "command",
    [None, [], ["/app/bin/server"], ["serve", "--no-migrate"], ["cat", "migrated"], ["sh", "-c", "ls priv/migrations"]],
)
def test_a_command_that_only_serves_is_not_reported(
    monkeypatch: pytest.MonkeyPatch, command: Sequence[str] | None
) -> None:
    assert warnings(monkeypatch, image(command)) == []


def test_the_warning_says_what_it_means_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    [line] = warnings(monkeypatch, image(["/bin/bash", "-c", SCRIPT + " " * 5000]))
    assert line.startswith(
        "services/legal/app/command: is not set, and the image's own command migrates (/bin/bash -c '/app/bin/legal"
    )
    assert "each start of a container migrates, also a restart and a rollback" in line
    assert line.endswith("set command to a program that only serves")
    assert len(line) < 500


def test_each_service_is_judged_by_its_own_image(monkeypatch: pytest.MonkeyPatch) -> None:
    other = "ghcr.io/owner/auth@sha256:b"
    images = {"auth": other, "legal": IMAGE, "copy": IMAGE, "gone": "ghcr.io/owner/gone@sha256:c"}
    lines = warnings(monkeypatch, image(["/app/bin/server"], reference=other), image(["bin/migrate"]), images=images)
    assert [line.split("/")[1] for line in lines] == ["legal", "copy"]


def test_nothing_is_said_if_the_host_has_no_such_image_or_docker_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert warnings(monkeypatch) == []

    def no_answer(*_: str) -> docker.Output:
        raise Failure(docker.NO_ANSWER)

    monkeypatch.setattr(docker, "run", no_answer)
    assert list(boot_migrations.warnings({"legal": IMAGE})) == []
