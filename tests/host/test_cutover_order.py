"""What a cut-over does and in which order, in every case: without Docker, by its calls on the host."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from host import cutover, docker, gate, storage
from host.failure import Failure
from host.mask import Mask
from host.psql import SqlError

STATE = docker.State(status="running", restarts=0, exit_code=0, out_of_memory=False)


@dataclass
class Host:
    """Electrics, a gateway and a PostgreSQL. `done` records their changes, in order."""

    running: list[str] = field(default_factory=lambda: ["old", "new"])
    there: set[str] = field(default_factory=lambda: {"old", "new"})
    able: set[str] = field(default_factory=lambda: {"old", "new"})
    """Those that become active once the slot is free."""
    logged_in: set[str] = field(default_factory=lambda: {"old", "new"})
    cannot_start: set[str] = field(default_factory=set)
    """Those that cannot be started once they are stopped."""
    served: set[str] = field(default_factory=set)
    """Those whose storage has served before."""
    record: str = "old 0 one"
    has_slot: bool = True
    refuses: set[str] = field(default_factory=set)
    """What fails: `turn`, `turn to` one container, `kill`, `state`, or the SQL of this name."""
    refusals: dict[str, int] = field(default_factory=dict)
    """How often the SQL of a name fails first."""
    done: list[str] = field(default_factory=list)

    def active(self, container: str) -> bool:
        return self.has_slot and container in self.able and next(iter(self.running), "") == container

    def start(self, container: str) -> bool:
        if container not in self.there:
            return False
        if container in self.cannot_start and container not in self.running:
            return False
        if container not in self.running:
            self.running.append(container)
            self.done.append(f"start {container}")
            self.has_slot = True
        return True

    def state(self, container: str) -> docker.State:
        if "state" in self.refuses:
            raise docker.NoAnswer(docker.NO_ANSWER)
        return replace(STATE, status="running" if container in self.running else "exited")

    def kill(self, containers: Sequence[str]) -> None:
        if "kill" in self.refuses:
            raise docker.Refused("container old cannot be stopped")
        for container in containers:
            self.done.append(f"kill {container}")
            self.running = [name for name in self.running if name != container]

    def switch_upstream(self, _: str, container: str) -> None:
        if "turn" in self.refuses or f"turn to {container}" in self.refuses:
            raise Failure("legal/electric: nginx refuses")
        self.done.append(f"turn to {container}")

    @contextmanager
    def hold_requests(self, _: str, container: str, __: int) -> Iterator[None]:
        self.done.append(f"hold {container}")
        try:
            yield
        finally:
            self.done.append(f"release {container}")

    def ask(self, sql: str, values: Mapping[str, str], _: str = "") -> str:
        if self.refusals.get(sql):
            self.refusals[sql] -= 1
            raise SqlError("not yet")
        if sql in self.refuses:
            raise SqlError("it says no")
        match sql:
            case "cutover_last":
                return self.record
            case "logged_in":
                return "1" if values["addresses"] in self.logged_in else ""
            case "slot_exists":
                return "1" if self.has_slot else ""
            case "slot_drop":
                self.has_slot = False
                self.done.append("drop the slot")
            case "fingerprints_save":
                self.remember(values["fingerprints"])
        return ""

    def remember(self, text: str) -> None:
        rows = {row["kind"]: row for row in json.loads(text)}
        self.record = f"{rows['cutover']['object']} {rows['cutover']['mark']}"
        self.done.append(f"remember {self.record}" + (" and the slot" if "slot" in rows else ""))

    def empty(self, _: str, container: str) -> None:
        self.done.append(f"empty the storage of {container}")


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host()
    fakes: dict[str, Callable[..., Any]] = {
        "start": host.start,
        "kill": host.kill,
        "passes_check": lambda container, _: host.active(container),
        "is_running": lambda container: container in host.running,
        "exists": lambda container: container in host.there,
        "addresses": lambda container: [container],
        "list_containers": lambda _, *, running: list(host.running),
        "state": host.state,
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(docker, name, fake)
    monkeypatch.setattr(docker, "PAUSE_S", 0)
    monkeypatch.setattr(storage, "has_served", lambda _, container: container in host.served)
    monkeypatch.setattr(
        storage, "mark_served", lambda _, container: host.done.append(f"note the storage of {container}")
    )
    monkeypatch.setattr(storage, "empty", host.empty)
    monkeypatch.setattr(gate, "failure_lines", lambda subject, _, reason, __: [f"{subject}: {reason}"])
    monkeypatch.setattr(cutover, "POLL_S", 0)
    monkeypatch.setattr(cutover, "SLOT_S", 0)
    monkeypatch.setattr(cutover.Cutover, "_query", lambda _, *words: host.ask(*words))
    return host


def change_over(host: Host, image: str = "one", generation: int = 0, timeout_s: int = 0) -> None:
    cutover.Cutover(
        subject="legal/electric",
        service="legal",
        stack="trial",
        container="new",
        slot="electric_slot_legal",
        database="legal",
        target=cutover.Record("new", generation, image),
        timeout_s=timeout_s,
        check=["true"],
        mask=Mask([]),
        fingerprint="none",
        postgres=None,  # type: ignore[arg-type]
        gateway=host,  # type: ignore[arg-type]
    ).run()


def failure(host: Host, image: str = "one", generation: int = 0) -> list[str]:
    with pytest.raises(Failure) as failed:
        change_over(host, image, generation)
    return str(failed.value).splitlines()


IN_ORDER = [
    "note the storage of new",
    "remember old 0 one",
    "hold new",
    "turn to new",
    "kill old",
    "release new",
    "remember new 0 one and the slot",
]
GIVEN_BACK = ["kill new", "remember old 0 one", "start old", "turn to old", "release new"]


def test_no_request_reaches_the_new_electric_before_it_is_active_nor_the_old_one_after_its_end(host: Host) -> None:
    change_over(host)
    assert host.done == IN_ORDER


def test_a_second_run_changes_nothing(host: Host) -> None:
    change_over(host)
    host.done.clear()
    change_over(host)
    assert host.done == ["note the storage of new", "turn to new", "remember new 0 one and the slot"]


def test_a_first_electric_has_no_old_one(host: Host) -> None:
    host.running, host.there, host.record, host.has_slot = [], {"new"}, "", False
    change_over(host)
    assert "kill old" not in host.done
    assert host.record == "new 0 one"


def test_without_postgres_nothing_changes(host: Host) -> None:
    host.refuses = {"cutover_last"}
    assert failure(host) == ["legal/electric: PostgreSQL does not answer; nothing was touched: run up again"]
    assert host.done == []


def test_a_missing_new_electric_does_not_change_the_old_one(host: Host) -> None:
    host.there, host.running = {"old"}, ["old"]
    assert failure(host) == ["legal/electric: container new cannot be started; run up again"]
    assert host.done == []


def test_a_new_electric_that_cannot_log_in_does_not_change_the_old_one(host: Host) -> None:
    host.logged_in = {"old"}
    assert failure(host) == [
        "legal/electric: the new Electric has not logged in to PostgreSQL after 0 s",
        "legal/electric: what served before still serves; fix the image or its settings and run up again",
    ]
    assert host.done == []


def test_a_gateway_that_does_not_switch_does_not_change_the_old_one(host: Host) -> None:
    host.refuses = {"turn"}
    assert failure(host) == ["legal/electric: nginx refuses"]
    assert "kill old" not in host.done


def test_a_new_electric_that_is_never_active_returns_the_slot(host: Host) -> None:
    host.able = {"old"}
    assert failure(host) == [
        "legal/electric: the new Electric is not active after 0 s",
        "legal/electric: the old Electric serves again",
    ]
    assert host.done == [*IN_ORDER[:5], *GIVEN_BACK]


def test_a_new_electric_that_dies_returns_the_slot_at_once(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.able = {"old"}
    monkeypatch.setattr(docker, "kill", lambda _: host.running.clear())
    assert failure(host)[0] == "legal/electric: the new Electric died"


def test_a_new_electric_that_docker_restarts_has_died(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.able = {"old"}
    restarts = iter(range(9))
    monkeypatch.setattr(docker, "state", lambda _: replace(STATE, restarts=next(restarts)))
    assert failure(host)[0] == "legal/electric: the new Electric died"


def test_an_old_electric_that_does_not_recover_is_reported(host: Host) -> None:
    host.able = set()
    assert failure(host)[-1] == "legal/electric: the old Electric is not active after 0 s: run up again"
    assert host.done[-2:] == ["turn to old", "release new"]


def test_the_first_reason_is_not_lost_if_the_gateway_does_not_switch_back(host: Host) -> None:
    host.able, host.refuses = {"old"}, {"turn to old"}
    assert failure(host) == [
        "legal/electric: the new Electric is not active after 0 s",
        "legal/electric: the old Electric may not serve: nginx refuses",
    ]


def test_the_first_reason_is_not_lost_if_docker_is_silent(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_: object) -> bool:
        raise docker.NoAnswer(docker.NO_ANSWER)

    monkeypatch.setattr(docker, "kill", silent)
    monkeypatch.setattr(docker, "exists", silent)
    assert failure(host) == [
        f"legal/electric: {docker.NO_ANSWER}",
        f"legal/electric: the old Electric may not serve: {docker.NO_ANSWER}",
    ]


def test_a_docker_that_does_not_answer_for_a_moment_has_not_lost_the_new_electric(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([STATE])

    def state(_: str) -> docker.State:
        for answer in answers:
            return answer
        host.able.add("new")
        raise docker.NoAnswer(docker.NO_ANSWER)

    host.able = {"old"}
    monkeypatch.setattr(docker, "state", state)
    change_over(host, timeout_s=60)
    assert host.done == IN_ORDER


def test_an_old_electric_that_cannot_be_stopped_keeps_the_slot(host: Host) -> None:
    host.refuses = {"kill"}
    assert failure(host) == [
        "legal/electric: container old cannot be stopped",
        "legal/electric: the old Electric serves again",
    ]
    assert host.running == ["old", "new"]
    assert host.done[-2:] == ["turn to old", "release new"]


def test_a_new_electric_without_an_old_one_keeps_running(host: Host) -> None:
    host.running, host.there, host.able, host.record = ["new"], {"new"}, set(), ""
    assert failure(host) == ["legal/electric: the new Electric is not active after 0 s"]
    assert host.running == ["new"]


def test_an_interrupted_run_that_stopped_the_old_electric_still_returns_to_it(host: Host) -> None:
    host.running, host.able = ["new"], {"old"}
    assert failure(host)[-1] == "legal/electric: the old Electric serves again"
    assert host.running == ["old"]


def test_an_electric_whose_slot_was_dropped_starts_with_empty_shapes(host: Host) -> None:
    host.running, host.record, host.has_slot = ["new"], "new 0 one", False
    change_over(host)
    assert host.done[2:6] == ["hold new", "turn to new", "kill new", "start new"]


class TestAnotherGeneration:
    """cache_generation was raised."""

    def test_the_slot_is_dropped_while_no_electric_runs(self, host: Host) -> None:
        change_over(host, generation=1)
        assert host.done[2:] == [
            *("hold new", "turn to new", "kill new", "kill old", "drop the slot", "start new", "release new"),
            "remember new 1 one and the slot",
        ]

    def test_an_interrupted_run_drops_it_again(self, host: Host) -> None:
        host.able = set()
        failure(host, generation=1)
        assert host.record == "old 0 one"

    def test_a_slot_that_is_still_in_use_for_a_moment_is_dropped(self, host: Host) -> None:
        host.refusals = {"slot_drop": 2}
        change_over(host, generation=1)
        assert host.record == "new 1 one"

    def test_a_new_electric_that_cannot_start_again_returns_the_slot(self, host: Host) -> None:
        host.cannot_start = {"new"}
        assert failure(host, generation=1) == [
            "legal/electric: container new cannot be started; run up again",
            "legal/electric: the old Electric serves again",
        ]

    def test_if_the_slot_cannot_be_dropped_it_is_returned(self, host: Host) -> None:
        host.refuses = {"slot_drop"}
        assert failure(host, generation=1) == [
            "legal/electric: its slot cannot be dropped",
            "legal/electric: the old Electric serves again",
        ]


class TestAnotherImage:
    """The new one has its own storage."""

    def test_another_image_begins_with_empty_storage(self, host: Host) -> None:
        change_over(host, "two")
        assert "empty the storage of new" not in host.done
        assert host.record == "new 0 two"

    def test_storage_that_served_before_a_later_one_lacks_rows_and_is_emptied(self, host: Host) -> None:
        host.served = {"new"}
        change_over(host, "two")
        assert host.done[0] == "empty the storage of new"

    def test_storage_is_emptied_even_if_its_electric_already_runs(self, host: Host) -> None:
        host.running, host.served = ["new"], {"new"}
        change_over(host, "two")
        assert host.done[0] == "empty the storage of new"

    def test_the_same_image_keeps_its_shapes(self, host: Host) -> None:
        host.served = {"new"}
        change_over(host)
        assert "empty the storage of new" not in host.done

    def test_the_record_of_an_earlier_release_names_no_storage(self, host: Host) -> None:
        host.record, host.served = "old 0", {"new"}
        change_over(host, "two")
        assert host.done[0] == "empty the storage of new"

    def test_the_record_is_written_before_the_slot_can_advance_without_the_old_storage(self, host: Host) -> None:
        change_over(host, "two")
        assert host.done.index("remember old 0 two") < host.done.index("kill old")

    def test_the_old_electric_starts_with_empty_shapes_if_the_new_one_may_have_read_from_the_slot(
        self, host: Host
    ) -> None:
        host.able = {"old"}
        failure(host, "two")
        last = host.done[host.done.index("kill old") :]
        assert last[1:] == ["kill new", "drop the slot", *GIVEN_BACK[1:]]


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("", cutover.Record()),
        ("legal-electric-1 2\n", cutover.Record("legal-electric-1", 2)),
        ("legal-electric-1 2 abc\n", cutover.Record("legal-electric-1", 2, "abc")),
        (" 0 abc\n", cutover.Record("", 0, "abc")),
    ],
)
def test_the_record_in_postgres_is_read(text: str, record: cutover.Record) -> None:
    assert cutover.Record.read(text) == record
