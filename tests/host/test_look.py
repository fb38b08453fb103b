"""What one look sees of real containers, a real gateway and a real PostgreSQL, and of what is down."""

import json
import os
import socket
import subprocess
import threading
import tracemalloc
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.machine import hetzner
from host import look, look_containers, look_gateway, look_postgres, psql
from host.failure import Failure
from render import nginx, sql
from settings import App, Service
from tests.throwaway.box import Boxes, docker
from tests.throwaway.calling import call, fingerprints
from tests.throwaway.cluster import ask, database
from tests.throwaway.sites import placeholder, switch
from tests.waiting import eventually

DECLARED: dict[str, Any] = {"platform": {"postgres": "postgres:17", "nginx": "nginx:1"}, "services": {}, "sites": {}}


def site(name: str, **settings: Any) -> str:
    """The gateway's file of a service whose app has a container of its name."""
    service = Service(app=App(image="app:1"), domain=f"{name}.test", **settings)
    return nginx.site(name, service, {"app": [f"{name}-app-1"]}, None, 443)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine answers late. The tests of the limits set their own."""
    monkeypatch.setattr(look, "LIMIT_S", 120)
    for module in (look, look_containers, look_gateway, look_postgres):
        monkeypatch.setattr(module, "TIMEOUT_S", 60)


@pytest.fixture(scope="module")
def containers(base_image: str) -> Iterator[Boxes]:
    boxes = Boxes(base_image)
    ill = ["--health-cmd", "false", "--health-interval", "1s", "--health-retries", "1", "--memory", "64m"]
    boxes.start("good", labels=boxes.labels("legal", "app"), options=["--memory", "64m"])
    boxes.start("ill", labels=boxes.labels("legal", "frontend"), options=ill)
    boxes.start("loop", "exit 3", labels=boxes.labels("auth", "app"), options=["--restart", "always"])
    boxes.start("over", "exit 7", labels=boxes.labels("platform", "nginx"))
    boxes.start("migrate", labels=boxes.labels("legal", "migrate"))
    yield boxes
    boxes.clear()


@pytest.mark.docker
class TestContainers:
    """What Docker has."""

    @staticmethod
    def seen(boxes: Boxes) -> dict[str, dict[str, Any]]:
        return {each["name"].removeprefix(f"{boxes.stack}-"): each for each in look_containers.read(boxes.stack)}

    def test_each_has_its_state_and_memory(self, containers: Boxes) -> None:
        eventually(lambda: self.seen(containers)["over"]["state"] == "exited")
        eventually(lambda: self.seen(containers)["ill"]["health"] == "unhealthy")
        seen = self.seen(containers)
        assert set(seen) == {"good", "ill", "loop", "over", "migrate"}
        assert (seen["good"]["service"], seen["good"]["part"], seen["good"]["state"]) == ("legal", "app", "running")
        assert seen["good"]["memory_limit_mb"] == 64
        assert seen["good"]["memory_mb"] in range(64)
        assert (seen["over"]["exit_code"], seen["over"]["memory_mb"]) == (7, None)

    def test_a_restart_loop_is_a_problem_with_its_number_of_restarts(self, containers: Boxes) -> None:
        eventually(lambda: self.seen(containers)["loop"]["restarts"] >= 3)
        problems = {each["key"]: each["text"] for each in look.look(containers.stack, DECLARED)["problems"]}
        assert problems["auth/app/restarts"].startswith(f"auth/app: {containers.stack}-loop has restarted ")
        assert "legal/frontend/unhealthy" in problems
        assert "nginx/exited" in problems
        assert "postgres/missing" in problems

    def test_a_container_of_a_step_is_told_apart(self, containers: Boxes) -> None:
        seen = look.look(containers.stack, DECLARED)
        assert seen["passing"] == ["legal/migrate"]
        assert "migrate" not in {each["part"] for each in seen["containers"]}

    def test_containers_of_other_stacks_are_not_seen(self, containers: Boxes) -> None:
        assert look_containers.read(f"{containers.stack}-other") == []

    def test_running_containers_of_nobody_are_found_by_name(self, containers: Boxes) -> None:
        names = [f"{containers.stack}-{name}" for name in ("good", "over", "never")]
        assert look_containers.running(names) == names[:1]


@pytest.mark.docker
class TestGateway:
    """What nginx has and serves."""

    @pytest.fixture
    def name(self, gateway: str) -> Iterator[str]:
        name = f"trial-{uuid.uuid4().hex[:6]}"
        assert docker("exec", gateway, "mkdir", "-p", f"{nginx.MAINTENANCE}").ok
        assert placeholder(gateway, f"{name}.test").ok
        assert switch(gateway, name, site(name)).ok
        yield name
        folders = "sites/{0}* marks/sites/{0}* domains/{0}* certs/{0}* maintenance/{0}".format(name)  # noqa: UP032
        assert docker("exec", gateway, "sh", "-c", f"cd {nginx.VOLUME}; rm -rf {folders}; nginx -s reload").code >= 0

    def test_a_site_leads_to_its_container(self, gateway: str, name: str) -> None:
        seen = look_gateway.read(gateway)
        assert name in seen["sites"]
        assert seen["serving"][f"{name}-app"] == [f"{name}-app-1"]
        assert f"sites/{name}.conf" not in seen["changed"]

    @pytest.mark.parametrize("change", ["echo >> {0}", "rm {0}"])
    def test_a_file_that_was_changed_by_hand_is_seen(self, gateway: str, name: str, change: str) -> None:
        assert docker("exec", gateway, "sh", "-c", change.format(f"{nginx.VOLUME}/sites/{name}.conf")).ok
        assert f"sites/{name}.conf" in look_gateway.read(gateway)["changed"]

    def test_a_notice_is_seen_whether_a_restore_or_an_operator_has_set_it(self, gateway: str, name: str) -> None:
        assert name not in look_gateway.read(gateway)["maintenance"]
        assert docker("exec", gateway, "touch", f"{nginx.MAINTENANCE}/{name}").ok
        assert name in look_gateway.read(gateway)["maintenance"]
        assert docker("exec", gateway, "rm", f"{nginx.MAINTENANCE}/{name}").ok
        assert switch(gateway, name, site(name, maintenance=True)).ok
        assert look_gateway.read(gateway)["maintenance"].count(name) == 1

    def test_a_placeholder_is_no_certificate_and_a_real_one_has_its_dates(self, gateway: str, name: str) -> None:
        host, file = f"{name}.test", f"{nginx.VOLUME}/certs/{name}.test/fullchain.pem"
        assert host in look_gateway.read(gateway)["placeholders"]
        new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9"]
        assert docker("exec", gateway, "openssl", *new, "-subj", "/CN=x", "-keyout", "/dev/null", "-out", file).ok
        show = ["openssl", "x509", "-noout", "-enddate", "-dateopt", "iso_8601", "-in", file]
        end = docker("exec", gateway, *show).out.removeprefix("notAfter=").replace(" ", "T")
        seen = look_gateway.read(gateway)
        assert seen["certificates"][host]["expires"] == end
        assert host not in seen["placeholders"]

    def test_failed_requests_are_counted_and_a_notice_is_no_failure(self, gateway: str, name: str) -> None:
        ask = ["curl", "-ks", "-o", "/dev/null", "--resolve", f"{name}.test:443:127.0.0.1", f"https://{name}.test/"]

        def counts() -> dict[str, int]:
            return look_gateway.errors(gateway, {"shop": [f"{name}.test"]}).get("shop", {})

        for _ in range(3):  # its container does not exist
            assert docker("exec", gateway, *ask).ok
        eventually(lambda: counts() == {"requests": 3, "errors": 3, "seconds": 300})
        assert docker("exec", gateway, "touch", f"{nginx.MAINTENANCE}/{name}").ok
        assert docker("exec", gateway, *ask).ok
        eventually(lambda: counts() == {"requests": 4, "errors": 3, "seconds": 300})

    def test_a_container_that_sends_another_sites_name_is_counted_for_the_site_that_it_reaches(
        self, gateway: str, name: str
    ) -> None:
        forged = ["curl", "-s", "-o", "/dev/null", "-H", "Host: victim.test", "http://127.0.0.1:4000/"]
        assert docker("exec", gateway, *forged).ok
        sites = {"own": [name], "victim": ["victim.test"]}
        counted = {"own": {"requests": 1, "errors": 1, "seconds": 300}}
        eventually(lambda: look_gateway.errors(gateway, sites) == counted)


def line(at: str, status: int, upstream: str = "1.2.3.4:80", host: str = "legal.test") -> str:
    return f'1.1.1.1 [2026-11-24T12:{at}+00:00] {host} "GET / HTTP/2.0" {status} 12 0.001 {upstream} {status}'


def test_the_log_is_counted_by_site_and_unknown_names_are_left_out() -> None:
    lines = [line("00:00", 200), line("00:01", 502), line("00:02", 503), line("00:03", 503, "-"), "an error of nginx"]
    lines += [line("00:04", 500, host="other.test"), line("00:05", 499, host="www.legal.test")]
    counted = look_gateway.count(lines, {"legal": ["legal.test", "www.legal.test"], "auth": ["auth.test"]})
    assert counted == {"legal": {"requests": 5, "errors": 2, "seconds": 300}}


@pytest.mark.parametrize(("most", "seconds"), [(2, 90), (3, 300)])
def test_a_log_that_is_cut_spans_less_time(most: int, seconds: int) -> None:
    lines = [line("00:00", 200), line("01:30", 200)]
    assert look_gateway.count(lines, {"legal": ["legal.test"]}, most)["legal"]["seconds"] == seconds


def test_no_line_of_the_log_is_kept() -> None:
    def lines() -> Iterator[str]:
        for number in range(20_000):
            yield line("00:00", 200).replace("GET /", f"GET /{number}{'x' * 8000}")

    tracemalloc.start()
    try:
        assert look_gateway.count(lines(), {"legal": ["legal.test"]})["legal"]["requests"] == 20_000
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_postgres_may_answer_with_any_character(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = json.dumps({"marks": {"login/a": "1"}, "slots": ["\u2028\u0085"]}, ensure_ascii=False)
    answer = f"{seen}\nlogin/a 1\nlogin/new 2\n[]\n"
    monkeypatch.setattr(psql.Postgres, "query", lambda *_, **__: answer)
    assert look_postgres.read("x") == {"slots": ["\u2028\u0085"], "drifted": ["login/new"], "releases": {}}


@pytest.mark.docker
class TestPostgres:
    """What PostgreSQL has."""

    def test_slots_databases_and_connections_are_seen(self, cluster: str, name: str, app: str) -> None:
        slot = sql.slot(name)
        ask(cluster, f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')", name)
        try:
            seen = look_postgres.read(cluster)
            [found] = [each for each in seen["slots"] if each["name"] == slot]
            assert (found["active"], found["database"], found["lag_s"], found["wal_status"]) == (
                False,
                name,
                0,
                "reserved",
            )
            [size] = [each for each in seen["databases"] if each["name"] == name]
            assert size["size_mb"] in range(1, 100)
            assert seen["connections"]["used"] >= 1
            assert seen["connections"]["limit"] == int(ask(cluster, "SHOW max_connections"))
            assert seen["slot_limit_mb"] > 0
        finally:
            ask(cluster, f"SELECT pg_drop_replication_slot('{slot}')")

    def test_a_login_that_somebody_has_closed_is_drift_until_it_is_corrected(
        self, cluster: str, name: str, app: str
    ) -> None:
        assert f"login/{name}" not in look_postgres.read(cluster)["drifted"]
        ask(cluster, f'ALTER ROLE "{app}" NOLOGIN')
        assert f"login/{name}" in look_postgres.read(cluster)["drifted"]
        # The step that corrects it records the fingerprint that `up` has read.
        corrected = database(cluster, name, fingerprint=fingerprints(postgres=cluster)[f"login/{name}"])
        assert corrected.ok, corrected.out
        assert f"login/{name}" not in look_postgres.read(cluster)["drifted"]

    def test_the_last_release_of_each_service_is_seen(self, cluster: str, name: str) -> None:
        about = {"run": name, "command": "deploy", "who": "ann@laptop", "commit": "abc"}
        for run, result in ((f"{name}-1", "serves"), (f"{name}-2", "failed")):
            release = {"seconds": 3, "result": result, "error": "", "images": {"app": f"x@sha256:{result}"}}
            inputs = {**about, "run": run, "services": {name: release}}
            assert call("release-record", postgres=cluster, inputs=inputs).ok
        last = look_postgres.read(cluster)["releases"][name]
        assert (last["number"], last["result"], last["who"]) == (2, "failed", "ann@laptop")


@pytest.mark.docker
def test_without_a_platform_there_is_one_problem() -> None:
    def problems() -> Any:
        said = call("status", f"trial-{uuid.uuid4().hex[:8]}", inputs=DECLARED)
        assert said.ok, said.error
        return json.loads(said.out)["problems"]

    # On a busy machine Docker may not answer within the time of one look.
    eventually(lambda: problems() == [{"key": "stack", "text": "stack: has no container on this host: run up"}])


def test_a_docker_that_is_not_there_is_one_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing")
    [problem] = look.look("trial", DECLARED)["problems"]
    assert problem["key"] == "docker"
    assert "Docker does not answer" in problem["text"]


def test_a_docker_that_keeps_everybody_waiting_is_one_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(look, "LIMIT_S", 1.0)
    for module in (look, look_containers, look_gateway, look_postgres):
        monkeypatch.setattr(module, "TIMEOUT_S", 0.3)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{tmp_path}/silent")
        silent.listen(64)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/silent")
        platform = dict.fromkeys(("postgres", "nginx", "backup", "backup-files", "watch"), "image")
        assert [each["key"] for each in look.look("trial", {"platform": platform})["problems"]] == ["docker"]
        eventually(lambda: not clients_of(f"{tmp_path}/silent"))  # Docker never answers: they end by themselves


def clients_of(socket_file: str) -> list[str]:
    """Returns the process ids of this test's `docker` clients, by their socket: other tests have clients too."""
    found = subprocess.run(["pgrep", "-P", str(os.getpid()), "docker"], stdout=subprocess.PIPE, text=True)
    environments = [Path(f"/proc/{pid}/environ") for pid in found.stdout.split()]
    return [each.parent.name for each in environments if each.exists() and socket_file in each.read_text()]


def test_a_reader_that_never_returns_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "LIMIT_S", 2)

    def refuse() -> None:
        raise Failure("it is not its day")

    never = threading.Event()
    results, unreadable = look._read({"one": lambda: 1, "backup": never.wait, "postgres": refuse})
    never.set()
    assert results == {"one": 1}
    assert unreadable == {"backup": "no answer within 2 s", "postgres": "it is not its day"}


def test_each_disk_is_seen_once(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    seen = look.disks([str(tmp_path), str(tmp_path / "inner"), str(tmp_path / "missing")])
    assert [each["path"] for each in seen] == [str(tmp_path)]
    assert 0 <= seen[0]["free_mb"] <= seen[0]["size_mb"]


def test_the_disk_for_data_is_seen() -> None:
    assert hetzner.DATA in look.DISKS


def test_the_memory_of_the_machine_is_what_the_kernel_says() -> None:
    text = "MemTotal:       2048000 kB\nMemFree:         100000 kB\nMemAvailable:    1024000 kB\n"
    assert look.memory(text) == {"total_mb": 2000, "available_mb": 1000}
