"""Which containers a restore stops and starts, and which other connections the database has."""

import json
import re
from collections.abc import Sequence

import pytest

from host import docker, in_use
from host.docker import Output
from host.failure import Failure
from host.gateway import Gateway
from host.psql import Postgres
from host.serving import Serving
from tests.doubles.asked import postgres
from tests.doubles.restoring import users

AT = "services/legal/restore"
LABEL = "sertantai-trial-"
PARTS = {
    "legal-app-1": "app",
    "legal-app-2": "app",
    "legal-app-12": "app",
    "legal-electric-1": "electric",
    "legal-frontend-1": "frontend",
    "sertantai-trial-legal-migrate": "migrate",
}
SITE = """
upstream legal-app {
    server legal-app-1:4000 resolve;
}
upstream legal-electric {
    server legal-electric-1:3000 resolve;
}
"""
SERVING = Serving(stack="trial", service="legal", gateway=Gateway("nginx"), grace_s=30)


class Containers:
    """A service's containers, all running, and a gateway whose upstreams are the first of each part."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.running = dict(PARTS)
        self.stopped: list[tuple[list[str], int]] = []
        self.said: list[Sequence[str]] = []
        self.gateway, self.stops = 0, True
        monkeypatch.setattr(docker, "list_containers", self.names)
        monkeypatch.setattr(docker, "execute", self.execute)
        monkeypatch.setattr(docker, "stop", self.stop)
        monkeypatch.setattr(docker, "kill", lambda containers: self.stop(containers, 0))

    def names(self, labels: dict[str, str], *, running: bool = False) -> list[str]:
        assert labels["sertantai.stack"] == "trial"
        found = self.running if running else PARTS
        service, part = labels["sertantai.service"], labels["sertantai.part"]
        return [name for name, kind in found.items() if kind == part and name.removeprefix(LABEL).startswith(service)]

    def execute(self, container: str, command: Sequence[str]) -> Output:
        assert container == "nginx"
        self.said.append(command)
        return Output(self.gateway, SITE if command[0] == "cat" else "", "")

    def stop(self, containers: list[str], grace_s: int) -> None:
        self.stopped.append((sorted(containers), grace_s))
        for name in containers if self.stops else ():
            del self.running[name]


@pytest.fixture
def containers(monkeypatch: pytest.MonkeyPatch) -> Containers:
    return Containers(monkeypatch)


def test_the_serving_container_is_the_gateways_upstream(containers: Containers) -> None:
    assert SERVING.serving_containers("app") == ["legal-app-1"], "neither the newest, nor one whose name begins like it"
    assert SERVING.serving_containers("electric") == ["legal-electric-1"]
    assert SERVING.serving_containers("frontend") == []


def test_a_gateway_that_does_not_answer_is_reported(containers: Containers) -> None:
    containers.gateway = 1
    with pytest.raises(Failure, match="legal: the gateway's file cannot be read; run up again"):
        SERVING.serving_containers("app")
    assert not SERVING.show_notice()
    assert not SERVING.remove_notice()


def test_all_users_of_the_database_stop_even_those_that_do_not_serve(containers: Containers) -> None:
    assert SERVING.stop()
    assert sorted(containers.stopped) == [
        (["legal-app-1", "legal-app-12", "legal-app-2", "sertantai-trial-legal-migrate"], 30),
        (["legal-electric-1"], 0),
    ]
    assert [*containers.running] == ["legal-frontend-1"]


def test_a_container_that_does_not_stop_is_reported(containers: Containers) -> None:
    containers.stops = False
    assert not SERVING.stop()


def test_the_site_shows_the_notice_until_it_serves_again(containers: Containers) -> None:
    assert SERVING.show_notice()
    assert SERVING.remove_notice()
    flag = "/srv/nginx/maintenance/legal"
    assert containers.said == [["mkdir", "-p", "/srv/nginx/maintenance"], ["touch", flag], ["rm", "-f", flag]]


def session(address: str, user: str, own: bool = False) -> dict[str, object]:
    return {"address": address, "user": user, "own": own}


def test_other_connections_to_the_database_are_named(monkeypatch: pytest.MonkeyPatch, containers: Containers) -> None:
    monkeypatch.setattr(docker, "names_by_address", lambda: {"10.0.0.2": "legal-app-1", "10.0.0.9": "auth-app-1"})
    sessions = [
        *(session("10.0.0.2", "legal_1a2b3c4d", own=True), session("10.0.0.3", "legal_1a2b3c4d", own=True)),
        *(session("10.0.0.9", "legal_1a2b3c4d", own=True), session("10.0.0.1", "postgres")),
    ]
    postgres(monkeypatch, restore_sessions=json.dumps(sessions))
    end = "and does not stop with legal: stop it, then run up again"
    assert [*in_use.others(Postgres("postgres"), AT, users("legal", "legal"))] == [
        f"{AT}: the container auth-app-1 is connected to legal as legal_1a2b3c4d, {end}",
        f"{AT}: 10.0.0.1 is connected to legal as postgres, {end}",
    ]


def test_connections_of_services_that_stop_too_and_of_readers_are_no_obstacle(
    monkeypatch: pytest.MonkeyPatch, containers: Containers
) -> None:
    containers.running["compliance-app-1"] = "app"
    monkeypatch.setattr(docker, "names_by_address", lambda: {"10.0.0.4": "compliance-app-1"})
    sessions = [session("10.0.0.4", "compliance-app_1a2b3c4d", own=True)]
    asked = postgres(monkeypatch, restore_sessions=json.dumps(sessions))
    assert [*in_use.others(Postgres("postgres"), AT, users("legal", "legal", "compliance"))] == []
    assert len([*in_use.others(Postgres("postgres"), AT, users("legal", "legal"))]) == 1
    pattern = asked.variables["restore_sessions"]["logins"]
    assert pattern == "^(legal(_electric|_migrate)?)_[0-9a-f]{8}$"


def test_the_logins_of_all_services_on_the_database_are_its_own() -> None:
    pattern = in_use.own_logins(users("legal_prod", "legal", "a-b"))
    own = ["legal_prod", "legal_prod_electric", "legal_prod_migrate", "a-b-app", "a-b-app_migrate", "a-b-electric"]
    assert [prefix for prefix in own if not re.search(pattern, f"{prefix}_1a2b3c4d")] == []
    others = ["b-app", "a-b", "a-b-reads", "xlegal_prod", "legal_prod_x", "a-b-electric_migrate"]
    assert [prefix for prefix in others if re.search(pattern, f"{prefix}_1a2b3c4d")] == []
