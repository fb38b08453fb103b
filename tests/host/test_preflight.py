"""What a release needs is asked before its first change, all of it together."""

import re
import time
from collections.abc import Callable
from typing import Any

import docker as docker_sdk
import pytest

from host import docker as docker_client
from host import preflight, psql, slots
from host.failure import Failure
from host.gateway import Gateway
from host.preflight import Needs
from tests.render.box import Said, docker
from tests.render.cluster import ask, by_hand
from tests.waiting import eventually

from .calling import call

SITE = 'server { listen 80; server_name trial.test; location / { return 200 "one"; } }\n'


def check(
    image: str,
    gateway: str,
    cluster: str,
    *,
    tool: str = "curl",
    memory_mb: int = 1,
    site: str = SITE,
    slot: dict[str, str] | None = None,
    stack: str = "trial",
) -> Said:
    told = {
        "images": {"app": image, "electric": image},
        "tools": {"app": tool, "electric": "curl"},
        "site": site,
        "slot": slot,
    }
    return call("preflight", stack, "trial", memory=memory_mb, gateway=gateway, postgres=cluster, told=told)


@pytest.mark.docker
class TestOnAHost:
    """With real images, a real nginx and a real PostgreSQL."""

    def test_a_release_that_lacks_nothing_passes_in_silence(self, base_image: str, gateway: str, cluster: str) -> None:
        said = check(base_image, gateway, cluster)
        assert (said.code, said.out, said.error) == (0, "", "")

    def test_all_that_is_missing_is_told_together(self, base_image: str, gateway: str, cluster: str) -> None:
        said = check(base_image, gateway, cluster, tool="no-such-tool", memory_mb=10**9, site="nonsense;")
        assert said.code == 1
        assert (
            "services/trial/app/health/tool: the image has no no-such-tool: choose the tool that it has" in said.error
        )
        assert "services/trial/electric" not in said.error
        assert re.search(
            r"trial: \d+ MB of memory are free on the host; its new containers may take 1000000000", said.error
        )
        assert "trial/site: nginx refuses its text:\n" in said.error
        assert 'unknown directive "nonsense"' in said.error
        assert said.error.endswith("trial: nothing of it was changed; mend this and run up again\n")

    def test_a_tool_that_is_there_and_fails_is_there(self, base_image: str, gateway: str, cluster: str) -> None:
        assert check(base_image, gateway, cluster, tool="false").ok

    def test_a_site_is_tried_with_its_neighbours_and_without_a_trace(
        self, base_image: str, gateway: str, cluster: str
    ) -> None:
        zone = "proxy_cache_path /tmp/x keys_zone=same:1m;"
        near = "/srv/nginx/sites/near.conf"
        assert docker("exec", "-i", gateway, "sh", "-c", f"mkdir -p /srv/nginx/sites; cat > {near}", stdin=zone).ok
        try:
            said = check(base_image, gateway, cluster, site=zone)
            assert "trial/site: nginx refuses its text" in said.error
            assert 'the same path name "/tmp/x" used' in said.error
        finally:
            docker("exec", gateway, "rm", near)
        assert "trial" not in docker("exec", gateway, "ls", "/srv/nginx/sites").out

    def test_a_slot_of_another_database_is_refused(
        self, base_image: str, gateway: str, cluster: str, name: str
    ) -> None:
        slot = {"slot": f"electric_slot_{name}", "group": f"{name}_electric"}
        ask(cluster, f"CREATE DATABASE {name}")
        ask(cluster, f"SELECT pg_create_logical_replication_slot('electric_slot_{name}', 'pgoutput')", name)
        try:
            assert check(base_image, gateway, cluster, slot={**slot, "database": name}).ok
            said = check(base_image, gateway, cluster, slot={**slot, "database": "another"})
        finally:
            ask(cluster, f"SELECT pg_drop_replication_slot('electric_slot_{name}')", name)
            by_hand(cluster, f"DROP DATABASE {name}")
        assert said.code == 1
        assert (
            f"services/trial/electric/stream_id: the replication slot electric_slot_{name} is of the database {name}: "
            "choose another stream_id" in said.error
        )

    def test_a_postgres_that_does_not_answer_is_told(self, base_image: str, gateway: str) -> None:
        assert "trial: PostgreSQL does not answer: see docker logs nobody" in check(base_image, gateway, "nobody").error

    def test_a_tool_that_already_asks_a_healthy_container_of_the_image_is_not_tried_again(
        self, base_image: str, gateway: str, cluster: str
    ) -> None:
        check_ = {"test": ["CMD", "curl", "--version"], "interval": 10**8}
        asked = docker_sdk.from_env().containers.run(
            base_image, ["infinity"], entrypoint="sleep", healthcheck=check_, detach=True
        )
        try:
            eventually(lambda: bool(docker("ps", "-q", "--filter", f"id={asked.id}", "--filter", "health=healthy").out))
            begun = time.time()
            assert check(base_image, gateway, cluster, stack="tried").ok
            assert not check(base_image, gateway, cluster, stack="tried", tool="no-such-tool").ok
            span = ["--since", f"{begun:.3f}", "--until", f"{time.time():.3f}"]
            events = docker("events", *span, "--filter", "event=create", "--filter", "label=sertantai.stack=tried")
            assert events.out.count("container create") == 1
        finally:
            asked.remove(force=True)


HERE = "linux/amd64"


class Docker:
    """What a host's Docker answers."""

    def __init__(self) -> None:
        self.kinds = {"app:1": HERE, "electric:1": HERE}
        self.tools = {"app:1": ["wget"], "electric:1": ["curl"]}
        self.tried: list[str] = []
        self.removed: list[str] = []
        self.hangs = False

    def ask(self, *words: str) -> str:
        if words[0] == "version":
            return HERE
        if words[:2] == ("image", "inspect"):
            if words[-1] not in self.kinds:
                raise docker_client.NotFound("No such image")
            return self.kinds[words[-1]]
        return "/" if words[0] == "info" else ""

    def run(self, *words: str, **_: Any) -> docker_client.Output:
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
    for name in ("ask", "run", "remove"):
        monkeypatch.setattr(docker_client, name, getattr(fake, name))
    monkeypatch.setattr(psql.Postgres, "ask", lambda *_, **__: "")
    monkeypatch.setattr(Gateway, "refusal", lambda *_: "")
    return fake


def problems(**changes: Any) -> list[str]:
    given = {"app": "app:1", "electric": "electric:1"}
    needs = Needs(
        **{
            "stack": "trial",
            "service": "legal",
            "images": given,
            "tools": {"app": "wget", "electric": "curl"},
            "memory_mb": 1,
            "gateway": Gateway("nginx"),
            "postgres": psql.Postgres("postgres"),
            "site": SITE,
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


def test_a_tool_that_hangs_leaves_no_container(host: Docker) -> None:
    host.hangs = True
    assert problems() == []
    assert len(host.removed) == 2


def test_an_image_for_another_kind_of_machine_is_told(host: Docker) -> None:
    host.kinds["app:1"] = "linux/riscv64"
    assert problems() == [
        f"services/legal/app/image: is made for linux/riscv64 and this host is {HERE}: build it with --platform {HERE}"
    ]


def test_an_image_that_is_gone_is_told(host: Docker) -> None:
    del host.kinds["app:1"]
    assert problems() == ["services/legal/app/image: app:1 is not on the host any more; run up again"]


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("DISK_MB", r"legal: \d+ MB of disk are free on the host and a release needs \d+: make room"),
        ("", r"legal: \d+ MB of memory are free on the host; its new containers may take \d+ beside the old"),
    ],
)
def test_a_host_without_room_is_told(host: Docker, monkeypatch: pytest.MonkeyPatch, setting: str, problem: str) -> None:
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
def test_what_postgresql_says_is_told(
    host: Docker, monkeypatch: pytest.MonkeyPatch, error: Exception, problem: str
) -> None:
    monkeypatch.setattr(psql.Postgres, "ask", refused(error))
    assert problems() == [problem]


def test_a_docker_that_does_not_answer_is_told_once(host: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_client, "ask", refused(Failure(docker_client.SILENT)))
    assert problems() == [docker_client.SILENT]


def test_a_release_begins_when_a_restore_has_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    from host import lock

    with slots.after_restore("trial", "legal"), slots.after_restore("trial", "auth"):
        pass
    assert capsys.readouterr().out == ""
    held = lock.held(slots.lock_name("trial"), 0, "taken")
    held.__enter__()
    monkeypatch.setattr(time, "sleep", lambda _: held.__exit__(None, None, None))  # the restore ends meanwhile
    with slots.after_restore("trial", "legal"), pytest.raises(Failure, match="a restore waits"):
        lock.held(slots.lock_name("trial"), 0, "a restore waits").__enter__()
    assert capsys.readouterr().out == "legal: waits for a restore to end\n"
