"""Electric's slot changes its owner, on a real PostgreSQL: only one Electric may have it."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from render import sql, verb
from tests.throwaway.box import Boxes, Said, docker
from tests.throwaway.calling import PROGRAM, call
from tests.throwaway.cluster import ask, make, make_electric
from tests.waiting import eventually

pytestmark = pytest.mark.docker
# Waits for the lock of its slot, creates the slot, and is active. A restarted one is not active yet.
ELECTRIC = """
trap 'exit 0' TERM
{ echo "SELECT pg_advisory_lock(hashtext('$SLOT')) \\\\g /dev/null"; echo '\\! touch /tmp/locked'; sleep infinity; } |
  psql -X -q &
until [ -e /tmp/locked ]; do sleep 0.05; done
"""
BECOMES_ACTIVE = """
psql -X -q -t -c "SELECT pg_create_logical_replication_slot('$SLOT', 'pgoutput')
  WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '$SLOT')"
touch /tmp/active; echo active
"""
LIVES = "while :; do sleep 0.05; done"
NEVER = f"echo 'no such publication'; {LIVES}"
ACTIVE = ["test", "-e", "/tmp/active"]
STORAGE = "/var/lib/electric"
LONG_ENOUGH_S = 10
"""For an Electric of ours that gets the slot, on a busy machine too."""


@dataclass
class Service:
    """A service with a database, and its Electrics."""

    boxes: Boxes
    network: str
    cluster: str
    gateway: str
    name: str
    login: str

    @property
    def slot(self) -> str:
        return sql.slot(self.name)

    def electric(self, name: str, then: str = BECOMES_ACTIVE, password: str = "two", image: str = "one") -> str:
        """Starts an Electric that does `then` once it has the lock."""
        given = {
            "PATH": "/usr/lib/postgresql/17/bin:/usr/bin:/bin",
            "SLOT": self.slot,
            "PGHOST": "postgres",
            "PGUSER": self.login,
            "PGPASSWORD": password,
            "PGDATABASE": self.name,
            "ELECTRIC_STORAGE_DIR": f"{STORAGE}/{image}",
        }
        environment = [word for key, value in given.items() for word in ("-e", f"{key}={value}")]
        options = ["--network", self.network, "-v", f"{self.boxes.stack}:{STORAGE}", "--tmpfs", "/tmp"]
        labels = self.boxes.labels(self.name, "electric")
        return self.boxes.start(name, f"{ELECTRIC}{then}\n{LIVES}", labels, [*options, *environment])

    def waiting(self, name: str, then: str = BECOMES_ACTIVE) -> str:
        """Starts another Electric, and waits until it has logged in and waits for the lock."""
        container = self.electric(name, then)
        waits = f"FROM pg_stat_activity WHERE usename = '{self.login}' AND wait_event = 'advisory'"
        eventually(lambda: ask(self.cluster, f"SELECT count(*) {waits}") == "1")
        return container

    def active(self) -> str:
        """Starts the first Electric, and waits until it is active."""
        old = self.electric("old")
        assert self.change_over(old).ok
        return old

    def line(self, container: str, timeout_s: int = 120, image: str = "one", **options: Any) -> dict[str, Any]:
        return {
            "stack": self.boxes.stack,
            "slot": self.slot,
            "storage": image,
            "generation": 0,
            "postgres": self.cluster,
            "gateway": self.gateway,
            "timeout": timeout_s,
        } | options

    def change_over(self, container: str, *words: Any, secrets: tuple[str, ...] = (), **options: Any) -> Said:
        inputs = {"database": self.name, "check": ACTIVE, "secrets": secrets, "fingerprint": "none"}
        return call(
            "cutover", f"{self.name}/electric", container, inputs=inputs, **self.line(container, *words, **options)
        )


@pytest.fixture
def service(shared: Boxes, boxes: Boxes, cluster: str, gateway: str, name: str) -> Iterator[Service]:
    make(cluster, name)
    login = make_electric(cluster, name)
    service = Service(boxes, shared.stack, cluster, gateway, name, login)
    yield service
    boxes.clear()
    docker("volume", "rm", boxes.stack)
    ask(cluster, f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '{name}'")


def is_active(container: str) -> bool:
    return docker("exec", container, *ACTIVE).ok


def started(container: str) -> str:
    return docker("inspect", "-f", "{{.State.StartedAt}}", container).out


def test_the_old_electric_stops_and_the_new_one_is_active(service: Service) -> None:
    old, new = service.active(), service.electric("new")
    assert not is_active(new)
    said = service.change_over(new)
    assert said.ok, said.out
    assert said.out.startswith(f"{service.name}/electric: active after ")
    assert is_active(new)
    assert not service.boxes.running(old)
    assert not docker("exec", service.gateway, "sh", "-c", "ls /run/held/*").ok


def test_a_second_run_changes_nothing(service: Service) -> None:
    service.active()
    new = service.electric("new")
    assert service.change_over(new).ok
    begun = started(new)
    assert service.change_over(new).ok
    assert started(new) == begun


def test_a_new_electric_that_is_never_active_returns_the_slot(service: Service) -> None:
    old, new = service.active(), service.waiting("new", NEVER)
    said = service.change_over(new, LONG_ENOUGH_S)
    assert said.code == 1
    lines = said.out.splitlines()
    assert f"{service.name}/electric: the new Electric is not active after " in lines[0]
    assert "    no such publication" in lines
    assert lines[-1] == f"{service.name}/electric: the old Electric serves again"
    assert not service.boxes.running(new)
    assert is_active(old)


def test_a_new_electric_that_dies_returns_the_slot_at_once(service: Service) -> None:
    old, new = service.active(), service.electric("new", "echo 'out of shapes'; exit 1")
    said = service.change_over(new, 600)
    assert said.code == 1
    assert "out of shapes" in said.out
    assert is_active(old)


def test_the_next_run_starts_a_stopped_new_electric_again(service: Service) -> None:
    old = service.active()
    new = service.waiting("new", f"while [ ! -e {STORAGE}/repaired ]; do sleep 0.05; done{BECOMES_ACTIVE}")
    assert service.change_over(new, 1).code == 1
    assert not service.boxes.running(new)
    assert docker("exec", old, "touch", f"{STORAGE}/repaired").ok
    said = service.change_over(new)
    assert said.ok, said.out
    assert is_active(new)
    assert not service.boxes.running(old)


def test_a_new_electric_that_cannot_log_in_does_not_change_the_old_one(service: Service) -> None:
    old, new = service.active(), service.electric("new", password="another")
    begun = started(old)
    eventually(lambda: "password authentication failed" in docker("logs", new).error)
    said = service.change_over(new, 1)
    assert said.code == 1
    assert f"{service.name}/electric: the new Electric has not logged in to PostgreSQL after " in said.out
    assert "PostgreSQL refuses its login" in said.out
    assert "what served before still serves" in said.out
    assert started(old) == begun
    assert is_active(old)


def test_an_electric_whose_slot_was_dropped_starts_with_empty_shapes(service: Service) -> None:
    new = service.active()
    begun = started(new)
    ask(service.cluster, f"SELECT pg_drop_replication_slot('{service.slot}')")
    said = service.change_over(new)
    assert said.ok, said.out
    assert started(new) != begun
    assert is_active(new)


def test_a_missing_new_electric_does_not_stop_the_old_one(service: Service) -> None:
    old = service.active()
    said = service.change_over("trial-nobody")
    assert said.code == 1
    assert f"{service.name}/electric: container trial-nobody cannot be started; run up again" in said.out
    assert is_active(old)


def test_other_services_electrics_and_other_parts_keep_running(service: Service) -> None:
    service.active()
    new = service.electric("new")
    other = service.boxes.start("other", labels=service.boxes.labels("auth", "electric"))
    app = service.boxes.start("app", labels=service.boxes.labels(service.name, "app"))
    assert service.change_over(new).ok
    assert service.boxes.running(other)
    assert service.boxes.running(app)


def test_another_cache_generation_drops_the_slot_once_while_no_electric_runs(service: Service) -> None:
    old, new = service.active(), service.electric("new")
    ask(service.cluster, f"SELECT pg_replication_slot_advance('{service.slot}', pg_current_wal_lsn())")
    position = f"SELECT restart_lsn FROM pg_replication_slots WHERE slot_name = '{service.slot}'"
    before = ask(service.cluster, position)
    said = service.change_over(new, generation=1)
    assert said.ok, said.out
    assert "slot and shapes are created again (cache_generation 1)" in said.out
    assert is_active(new)
    assert not service.boxes.running(old)
    assert ask(service.cluster, position) != before
    assert "are created again" not in service.change_over(new, generation=1).out


def test_another_cache_generation_empties_the_shapes_of_the_same_container(service: Service) -> None:
    only = service.active()
    begun = started(only)
    assert service.change_over(only, generation=1).ok
    assert started(only) != begun
    assert is_active(only)


def test_a_run_that_was_killed_after_the_old_one_stopped_returns_the_slot_when_it_is_run_again(
    service: Service,
) -> None:
    old, new = service.active(), service.waiting("new", NEVER)
    assert docker("kill", old).ok
    said = service.change_over(new, LONG_ENOUGH_S)
    assert said.code == 1
    assert said.out.endswith(f"{service.name}/electric: the old Electric serves again\n")
    assert is_active(old)


def test_a_cutover_completes_without_its_caller(service: Service) -> None:
    old, new = service.active(), service.electric("new", f"sleep 1{BECOMES_ACTIVE}")
    line = verb.line("cutover", f"{service.name}/electric", new, **service.line(new))
    with subprocess.Popen([*PROGRAM, line], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdin
        caller.stdin.write(verb.stdin({"database": service.name, "check": ACTIVE, "fingerprint": "none"}))
        caller.stdin.close()
        eventually(lambda: not service.boxes.running(old))
        caller.kill()
    record = f"SELECT object FROM public.sertantai_marks WHERE name = 'cutover/{service.name}'"
    eventually(lambda: ask(service.cluster, record) == new)
    assert is_active(new)


def test_without_postgres_nothing_changes(service: Service) -> None:
    old, new = service.active(), service.electric("new")
    said = service.change_over(new, postgres="trial-nobody")
    assert said.code == 1
    assert "/electric: PostgreSQL does not answer; nothing was touched" in said.out
    assert is_active(old)


def test_the_log_of_a_failed_new_electric_hides_its_secrets(service: Service) -> None:
    service.active()
    new = service.waiting("new", f"echo 'connecting with s3cr3t'; {LIVES}")
    said = service.change_over(new, LONG_ENOUGH_S, secrets=("s3cr3t",))
    assert "connecting with [secret]" in said.out
    assert "s3cr3t" not in said.out


class TestStorage:
    """Each image has its own folder."""

    @staticmethod
    def leave_shapes(container: str) -> None:
        assert docker("exec", container, "sh", "-c", 'echo rows > "$ELECTRIC_STORAGE_DIR/shapes"').ok

    @staticmethod
    def folders(container: str) -> set[str]:
        said = docker("exec", container, "sh", "-c", f"cd {STORAGE}; ls -A; ls */shapes 2>/dev/null")
        return set(said.out.split())

    def test_the_same_image_finds_the_shapes_of_the_old_one(self, service: Service) -> None:
        self.leave_shapes(service.active())
        new = service.electric("new")
        assert service.change_over(new).ok
        assert self.folders(new) == {"one", "one/shapes"}

    def test_an_older_image_does_not_find_its_earlier_shapes(self, service: Service) -> None:
        self.leave_shapes(service.active())
        newer = service.electric("newer", image="two")
        said = service.change_over(newer, image="two")
        assert said.ok, said.out
        assert "the new image starts with empty shapes" in said.out
        assert self.folders(newer) == {"one", "one/shapes", "two"}
        again = service.electric("again")
        said = service.change_over(again)
        assert said.ok, said.out
        assert self.folders(again) == {"one", "two"}

    def test_unused_storage_is_removed_with_the_old_container(self, service: Service) -> None:
        self.leave_shapes(service.active())
        new = service.electric("new", image="two")
        assert service.change_over(new, image="two").ok
        said = call("retire", service.boxes.stack, service.name, keep=[new], gateway=service.gateway, drain=1, grace=1)
        assert said.ok, said.out
        assert self.folders(new) == {"two"}

    def test_a_container_with_its_shapes_in_another_folder_loses_nothing(self, service: Service) -> None:
        folder = ["-e", "ELECTRIC_STORAGE_DIR=/var/lib/elsewhere/shapes"]
        container = service.boxes.start("odd", labels=service.boxes.labels(service.name, "electric"), options=folder)
        before = docker("exec", container, "ls", "/var/lib").out
        said = call(
            "retire", service.boxes.stack, service.name, keep=[container], gateway=service.gateway, drain=1, grace=1
        )
        assert said.ok, said.out
        assert docker("exec", container, "ls", "/var/lib").out == before
