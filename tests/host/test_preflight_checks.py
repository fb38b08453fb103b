"""The checks before a release, without Docker: everything that can be missing."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from host import docker as docker_client
from host import lock, preflight, psql, slots
from host.failure import Failure
from host.gateway import Gateway
from host.preflight import Preflight

HERE = "linux/amd64"


class Docker:
    """The answers of a host's Docker."""

    def __init__(self) -> None:
        self.kinds = {"app:1": HERE, "electric:1": HERE}
        self.tools = {"app:1": ["wget"], "electric:1": ["curl"]}
        self.tried: list[str] = []
        self.removed: list[str] = []
        self.hangs = False
        self.healthy: dict[str, str | None] = {}
        """The tool of each healthy container's check. None: it is removed once it has been listed."""

    def check_output(self, *words: str) -> str:
        if words[0] == "version":
            return HERE
        if words[:2] == ("image", "inspect"):
            if words[-1] not in self.kinds:
                raise docker_client.NotFound("No such image")
            return self.kinds[words[-1]]
        if words[0] == "ps":
            return "\n".join(self.healthy)
        return "/" if words[0] == "info" else ""

    def run(self, *words: str, **_: Any) -> docker_client.Output:
        if words[:2] == ("container", "inspect"):
            tools = [self.healthy[container] for container in words[2:]]
            found = [{"Config": {"Healthcheck": {"Test": ["CMD", tool]}}} for tool in tools if tool]
            return docker_client.Output(int(None in tools), json.dumps(found), "")
        image, tool = words[-2], words[words.index("--entrypoint") + 1]
        self.tried.append(image)
        code = docker_client.TIMED_OUT if self.hangs else 0 if tool in self.tools[image] else 127
        return docker_client.Output(code, "", "")

    def remove(self, container: str) -> bool:
        self.removed.append(container)
        return True


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Docker:
    """A host on which a release lacks nothing."""
    fake = Docker()
    for name in ("check_output", "run", "remove"):
        monkeypatch.setattr(docker_client, name, getattr(fake, name))
    monkeypatch.setattr(psql.Postgres, "query", lambda *_, **__: "")
    monkeypatch.setattr(Gateway, "config_error", lambda *_: "")
    return fake


def problems(**changes: Any) -> list[str]:
    given = {"app": "app:1", "electric": "electric:1"}
    needs = Preflight(
        **{
            "stack": "trial",
            "service": "legal",
            "images": given,
            "tools": {"app": "wget", "electric": "curl"},
            "memory_mb": 1,
            "gateway": Gateway("nginx"),
            "postgres": psql.Postgres("postgres"),
            "site": "server {}",
            "slot": {},
            **changes,
        }
    )
    return needs.problems()


def test_each_tool_is_tried_in_its_own_image(host: Docker) -> None:
    assert problems() == []
    assert sorted(host.tried) == ["app:1", "electric:1"]
    host.tools["electric:1"] = []
    [problem] = problems()
    assert problem.startswith("services/legal/electric/health/tool: the image has no curl: choose the tool")


def test_a_healthy_container_of_the_image_proves_its_tool_and_one_that_is_removed_meanwhile_does_not(
    host: Docker,
) -> None:
    host.healthy = {"gone": None, "here": "wget"}
    assert problems() == []
    assert host.tried == ["electric:1"]
    host.healthy = {"gone": None}
    assert problems() == []
    assert sorted(host.tried) == ["app:1", "electric:1", "electric:1"]


def test_a_tool_that_hangs_leaves_no_container(host: Docker) -> None:
    host.hangs = True
    assert problems() == []
    assert len(host.removed) == 2


def test_an_image_for_another_kind_of_machine_is_reported(host: Docker) -> None:
    host.kinds["app:1"] = "linux/riscv64"
    assert problems() == [
        f"services/legal/app/image: is made for linux/riscv64 and this host is {HERE}: build it with --platform {HERE}"
    ]


def test_a_missing_image_is_reported(host: Docker) -> None:
    del host.kinds["app:1"]
    assert problems() == ["services/legal/app/image: app:1 is no longer on the host; run up again"]


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("DISK_MB", r"legal: \d+ MB of disk are free on the host and a release needs \d+: make room"),
        ("", r"legal: \d+ MB of memory are free on the host; its new containers may use \d+ next to the old"),
    ],
)
def test_a_host_without_room_is_reported(
    host: Docker, monkeypatch: pytest.MonkeyPatch, setting: str, problem: str
) -> None:
    if setting:
        monkeypatch.setattr(preflight, setting, 10**12)
    [line] = problems(memory_mb=1 if setting else 10**12)
    assert re.match(problem, line)


def refused(error: Exception) -> Callable[..., str]:
    def ask(*_: Any, **__: Any) -> str:
        raise error

    return ask


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (psql.Unreachable("FATAL"), "legal: PostgreSQL does not answer: see docker logs postgres"),
        (psql.SqlError("ERROR:  disk full"), "legal: PostgreSQL says: ERROR:  disk full"),
    ],
)
def test_postgresqls_error_is_reported(
    host: Docker, monkeypatch: pytest.MonkeyPatch, error: Exception, problem: str
) -> None:
    monkeypatch.setattr(psql.Postgres, "query", refused(error))
    assert problems() == [problem]


def test_a_docker_that_does_not_answer_is_reported_once(host: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_client, "check_output", refused(Failure(docker_client.NO_ANSWER)))
    assert problems() == [docker_client.NO_ANSWER]


def test_a_release_waits_for_the_end_of_a_restore(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with slots.wait_for_restore("trial", "legal"), slots.wait_for_restore("trial", "auth"):
        pass
    assert capsys.readouterr().out == ""
    held = lock.acquire(slots.lock_name("trial"), 0, "taken")
    held.__enter__()
    monkeypatch.setattr(time, "sleep", lambda _: held.__exit__(None, None, None))  # the restore ends meanwhile
    with slots.wait_for_restore("trial", "legal"), pytest.raises(Failure, match="a restore waits"):
        lock.acquire(slots.lock_name("trial"), 0, "a restore waits").__enter__()
    assert capsys.readouterr().out == "legal: waits for a restore to end\n"
