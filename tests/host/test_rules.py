"""The rules of what is bad, each on both sides of its limit."""

import itertools
from typing import Any

import pytest

from host import rules
from tests import looks

NOW = "2026-11-24T12:00:00Z"
LONG_AGO, JUST_NOW = "2026-11-20T12:00:00Z", "2026-11-24T11:55:00Z"
CERTIFICATE = {"issued": "2026-11-01T00:00:00Z", "expires": "2027-01-30T00:00:00Z"}
DECLARED = {
    "platform": {"postgres": "postgres:17", "nginx": "nginx:1"},
    "services": {
        "legal": {
            "parts": {"app": "app:1", "electric": "electric:1"},
            "stopped": [],
            "hosts": ["legal.test"],
            "slot": "electric_slot_legal",
        }
    },
    "sites": {"table": {"container": "baserow", "hosts": ["table.test"]}},
}


def container(service: str, part: str, **changes: Any) -> dict[str, Any]:
    good = {"started": LONG_AGO, "memory_mb": 50, "memory_limit_mb": 100, "serves": True}
    return looks.container(service, part, **(good | changes))


def slot(**changes: Any) -> dict[str, Any]:
    return {"name": "electric_slot_legal", "active": True, "wal_status": "reserved", "retained_mb": 10} | changes


def good(**changes: Any) -> dict[str, Any]:
    """What a look sees while all is good, some of it changed."""
    parts = [("legal", "app"), ("legal", "electric"), ("platform", "postgres"), ("platform", "nginx")]
    return {
        "time": NOW,
        "containers": [container(*part) for part in parts],
        "foreign": ["baserow"],
        "serving": {"legal-app": ["legal-app-1"], "legal-electric": ["legal-electric-1"], "table-site": ["baserow"]},
        "certificates": {"legal.test": CERTIFICATE, "table.test": CERTIFICATE},
        "slots": [slot()],
        "slot_limit_mb": 8192,
        "errors_5xx": {},
        "memory": {"total_mb": 1000, "available_mb": 500},
        "disk": [{"path": "/", "size_mb": 1000, "free_mb": 500}],
        "backup": None,
        "unreadable": {},
        "declared": DECLARED,
    } | changes


def app(**changes: Any) -> dict[str, Any]:
    """The same with a changed app."""
    seen = good()
    return seen | {"containers": [container("legal", "app", **changes), *seen["containers"][1:]]}


def keys(seen: dict[str, Any]) -> list[str]:
    return [problem.key for problem in rules.problems(seen)]


def texts(seen: dict[str, Any]) -> list[str]:
    return [problem.text for problem in rules.problems(seen)]


def test_nothing_is_wrong_with_a_good_stack() -> None:
    assert texts(good()) == []


@pytest.mark.parametrize(
    ("restarts", "started", "state", "is_bad"),
    [
        (3, JUST_NOW, "running", True),
        (2, JUST_NOW, "running", False),
        (67113, "2026-11-24T11:49:59Z", "running", False),  # it has run for more than ten minutes
        (67113, "2026-11-24T11:50:01Z", "running", True),
        (0, LONG_AGO, "restarting", True),
    ],
)
def test_a_container_that_restarts_again_and_again_is_bad(
    restarts: int, started: str, state: str, is_bad: bool
) -> None:
    seen = app(restarts=restarts, started=started, state=state)
    assert ("legal/app/restarts" in keys(seen)) == is_bad


@pytest.mark.parametrize(
    ("changes", "key", "word"),
    [
        ({"state": "exited", "exit_code": 137}, "legal/app/exited", "exit code 137"),
        ({"state": "exited", "exit_code": 137, "out_of_memory": True}, "legal/app/exited", "memory_mb"),
        ({"state": "dead"}, "legal/app/exited", "has ended"),
        ({"state": "paused"}, "legal/app/paused", "docker unpause legal-app-1"),
        ({"health": "unhealthy"}, "legal/app/unhealthy", "fails its health check"),
    ],
)
def test_a_container_that_does_not_work_is_bad(changes: dict[str, Any], key: str, word: str) -> None:
    [problem] = rules.problems(app(**changes))
    assert problem.key == key
    assert word in problem.text


@pytest.mark.parametrize("changes", [{"health": "starting"}, {"health": ""}, {"state": "running"}])
def test_a_container_that_starts_or_has_no_check_is_not_bad(changes: dict[str, str]) -> None:
    assert keys(app(**changes)) == []


def test_a_container_of_a_failed_release_is_told_from_the_one_that_serves() -> None:
    seen = good()
    seen["containers"] += [container("legal", "app", name="legal-app-2", state="restarting", serves=False, restarts=7)]
    assert texts(seen) == [
        "legal/app: legal-app-2 has restarted 7 times; it receives no requests: a release has failed"
    ]


def test_while_the_gateway_is_unknown_no_release_is_said_to_have_failed() -> None:
    [text] = texts(app(health="unhealthy", serves=None))
    assert text.endswith(": ./sertantai logs legal")


def test_a_declared_part_without_a_container_is_bad_unless_it_is_stopped_on_purpose() -> None:
    seen = good()
    seen["containers"] = [each for each in seen["containers"] if each["part"] != "app"]
    seen["serving"] = {}
    assert keys(seen) == ["legal/app/missing"]
    legal = {**DECLARED["services"]["legal"], "stopped": ["app"]}  # type: ignore[index]
    assert keys(seen | {"declared": DECLARED | {"services": {"legal": legal}}}) == []


def test_a_missing_shared_container_is_bad() -> None:
    seen = good()
    seen["containers"] = seen["containers"][:-1]
    assert keys(seen) == ["nginx/missing"]


def test_a_site_that_leads_to_a_container_which_is_gone_is_bad() -> None:
    seen = good(serving={"legal-app": ["legal-app-0"], "table-site": ["baserow"]})
    assert texts(seen) == ["legal/site: leads to legal-app-0, which is gone: run up"]


def test_a_site_of_a_foreign_container_that_does_not_run_is_bad() -> None:
    assert keys(good(foreign=[])) == ["table/container"]


@pytest.mark.parametrize(
    ("issued", "expires", "is_bad"),
    [
        ("2026-09-09T00:00:00Z", "2026-12-08T12:00:00Z", False),  # 14 days
        ("2026-09-09T00:00:00Z", "2026-12-08T11:59:59Z", True),
        ("2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z", False),  # valid for a day, half of it over
        ("2026-11-23T16:00:00Z", "2026-11-24T16:00:00Z", False),  # four hours are left
        ("2026-11-23T15:59:00Z", "2026-11-24T15:59:00Z", True),
        ("2026-09-09T00:00:00Z", "2026-11-24T11:59:59Z", True),  # it is over
    ],
)
def test_a_certificate_that_ends_soon_is_bad(issued: str, expires: str, is_bad: bool) -> None:
    certificates = {"legal.test": {"issued": issued, "expires": expires}, "table.test": CERTIFICATE}
    assert ("certificate/legal.test" in keys(good(certificates=certificates))) == is_bad


def test_a_name_with_a_placeholder_alone_is_bad() -> None:
    assert keys(good(certificates={"legal.test": CERTIFICATE})) == ["certificate/table.test"]


@pytest.mark.parametrize(("slots", "is_bad"), [([slot()], False), ([slot(active=False)], True), ([], True)])
def test_an_electric_that_does_not_read_is_bad(slots: list[dict[str, Any]], is_bad: bool) -> None:
    assert ("legal/electric/slot" in keys(good(slots=slots))) == is_bad


@pytest.mark.parametrize(
    ("retained", "limit", "is_bad"),
    [(1024, 8192, False), (1025, 8192, True), (1024, -1, False), (1025, -1, True), (300, 900, False), (301, 900, True)],
)
def test_a_slot_that_retains_much_wal_is_bad(retained: int, limit: int, is_bad: bool) -> None:
    seen = good(slots=[slot(retained_mb=retained)], slot_limit_mb=limit)
    assert ("slot/electric_slot_legal/retained" in keys(seen)) == is_bad


def test_a_slot_whose_wal_is_gone_is_bad() -> None:
    assert keys(good(slots=[slot(wal_status="lost", retained_mb=None)])) == ["slot/electric_slot_legal/lost"]


@pytest.mark.parametrize(
    ("errors", "requests", "is_bad"),
    [(20, 400, True), (19, 20, False), (20, 401, False), (21, 401, True), (0, 0, False)],
)
def test_many_server_errors_of_a_site_are_bad(errors: int, requests: int, is_bad: bool) -> None:
    counts = {"legal": {"requests": requests, "errors": errors, "seconds": 300}}
    assert ("legal/errors" in keys(good(errors_5xx=counts))) == is_bad


@pytest.mark.parametrize(
    ("used", "limit", "is_bad"), [(90, 100, True), (89, 100, False), (None, 100, False), (9, None, False)]
)
def test_a_container_near_its_memory_limit_is_bad(used: int | None, limit: int | None, is_bad: bool) -> None:
    assert ("legal/app/memory" in keys(app(memory_mb=used, memory_limit_mb=limit))) == is_bad


@pytest.mark.parametrize(("available", "is_bad"), [(50, False), (49, True)])
def test_a_machine_without_free_memory_is_bad(available: int, is_bad: bool) -> None:
    assert ("memory" in keys(good(memory={"total_mb": 1000, "available_mb": available}))) == is_bad


@pytest.mark.parametrize(("free", "is_bad"), [(100, False), (99, True)])
def test_a_disk_that_is_nearly_full_is_bad(free: int, is_bad: bool) -> None:
    assert ("disk/data" in keys(good(disk=[{"path": "/data", "size_mb": 1000, "free_mb": free}]))) == is_bad


def test_the_problems_of_backups_keep_one_key_while_their_text_changes() -> None:
    first = ["backup/verify: the last restore test is of monday", "backup/verify: and another", "the disk is full"]
    [test, other] = rules.problems(good(backup={"problems": first}))
    assert (test.key, other.key) == ("backup/verify", "backup")
    assert test.text == "; ".join(first[:2])


@pytest.mark.parametrize("part", ["docker", "postgres", "nginx", "log", "backup"])
def test_what_does_not_answer_is_one_problem_and_hides_no_other_part(part: str) -> None:
    blank: dict[str, dict[str, Any]] = {
        "docker": {"containers": [], "foreign": [], "serving": {}, "certificates": {}, "slots": []},
        "nginx": {"serving": {}, "certificates": {}},
        "postgres": {"slots": []},
    }
    seen = good(unreadable={part: "no answer"}) | blank.get(part, {})
    if part == "backup":
        seen["containers"].append(container("platform", "backup"))
    assert texts(seen) == [f"{part}: cannot be read: no answer"]


def test_a_postgres_that_has_ended_is_one_problem() -> None:
    seen = good(unreadable={"postgres": "container 1 is not running"}, slots=[])
    seen["containers"][2] |= {"state": "exited"}
    assert keys(seen) == ["postgres/exited"]


def test_any_faults_together_are_each_a_problem_of_its_own() -> None:
    faults: dict[str, dict[str, Any]] = {
        "slot/electric_slot_legal/retained": {"slots": [slot(retained_mb=9999)]},
        "certificate/legal.test": {"certificates": {"table.test": CERTIFICATE}},
        "disk/": {"disk": [{"path": "/", "size_mb": 100, "free_mb": 1}]},
        "memory": {"memory": {"total_mb": 100, "available_mb": 1}},
        "legal/errors": {"errors_5xx": {"legal": {"requests": 50, "errors": 50, "seconds": 300}}},
        "table/container": {"foreign": []},
        "backup/verify": {"backup": {"problems": ["backup/verify: failed"]}},
        "legal/app/unhealthy": {"containers": app(health="unhealthy")["containers"]},
    }
    for count in range(len(faults) + 1):
        for chosen in itertools.combinations(faults, count):
            changes = {name: value for key in chosen for name, value in faults[key].items()}
            assert {*keys(good(**changes))} == {*chosen}


def test_an_alert_that_could_not_be_sent_is_a_problem() -> None:
    assert keys(good(watch={"errors": [], "token": None})) == []
    errors = ["alerts/webhook_url: the server answers 503", "alerts/heartbeat_url: no answer after 5 s"]
    [problem] = rules.problems(good(watch={"errors": errors, "token": None}))
    assert (problem.key, problem.text) == ("watch/sending", f"watch: {'; '.join(errors)}")


def test_a_rule_that_fails_is_told_and_silences_no_other() -> None:
    seen = good(slots=[{"name": "broken"}], disk=[{"path": "/", "size_mb": 100, "free_mb": 1}])
    found = {each.key: each.text for each in rules.problems(seen)}
    assert {*found} == {"rules/slots", "disk/"}
    assert found["rules/slots"] == "rules/slots: this rule fails (KeyError): what it watches is not watched"
