"""What a release or a person does on purpose alarms nobody; what is lost meanwhile does."""

from typing import Any

import pytest

from host import rules
from host.on_purpose import without

from .test_rules import container, good


def keys(seen: dict[str, Any]) -> list[str]:
    """Returns the keys of the problems that people would be told."""
    return [problem.key for problem in rules.problems(without({"maintenance": [], **seen}))]


def with_containers(*more: dict[str, Any], **changes: Any) -> dict[str, Any]:
    seen = good(**changes)
    return {**seen, "containers": [*seen["containers"], *more]}


NOT_SERVING = {"name": "legal-app-2", "serves": False}


def test_all_is_good() -> None:
    assert keys(good()) == []


@pytest.mark.parametrize(
    "state",
    [{"health": "starting"}, {"health": "unhealthy"}, {"state": "exited"}, {"state": "created"}, {"state": "paused"}],
)
def test_a_container_that_starts_or_drains_alarms_nobody_unless_the_site_leads_to_it(state: dict[str, str]) -> None:
    assert keys(with_containers(container("legal", "app", **NOT_SERVING, **state))) == []
    told = keys(with_containers(container("legal", "app", **state)))
    assert bool(told) == (state not in ({"health": "starting"}, {"state": "created"}))


def test_while_the_gateway_cannot_be_read_nothing_is_told_of_a_services_containers() -> None:
    draining = [{**each, "serves": None} for each in good()["containers"]]
    draining.append(container("legal", "app", name="legal-app-0", serves=None, state="exited"))
    assert keys(good(containers=draining, unreadable={"nginx": "no answer"})) == ["nginx"]


def test_a_new_container_that_restarts_again_and_again_is_told() -> None:
    crashing = container("legal", "app", **NOT_SERVING, state="restarting", restarts=7)
    assert keys(with_containers(crashing)) == ["legal/app/restarts"]


def test_a_part_that_up_is_about_to_add_or_remove_alarms_nobody_and_one_that_the_site_leads_to_does() -> None:
    seen = good()
    gone = [each for each in seen["containers"] if each["part"] != "app"]
    assert keys({**seen, "containers": gone, "serving": {}}) == []
    assert keys({**seen, "containers": gone}) == ["legal/app/site"]


def test_a_slot_is_watched_while_the_serving_electric_runs() -> None:
    assert keys(good(slots=[])) == ["legal/electric/slot"]
    without_electric = [each for each in good()["containers"] if each["part"] != "electric"]
    assert keys(good(slots=[], containers=without_electric, serving={})) == []
    crashing = container("legal", "electric", state="restarting", restarts=1)
    assert "legal/electric/slot" in keys(good(slots=[], containers=[*without_electric, crashing]))


def test_a_service_that_shows_its_notice_alarms_nobody_and_the_others_do() -> None:
    stopped = [{**each, "state": "exited"} for each in good()["containers"]]
    assert keys(good(containers=stopped, slots=[], maintenance=["legal"])) == ["postgres/exited", "nginx/exited"]


def test_the_problems_of_backups_are_told_and_not_also_that_their_container_is_unhealthy() -> None:
    backup = container("platform", "backup", health="unhealthy")
    assert keys(with_containers(backup)) == []
    problems = {"problems": ["backup/verify: the restore test failed"]}
    assert keys(with_containers(backup, backup=problems)) == ["backup/verify"]


def test_the_watch_container_does_not_look_at_itself() -> None:
    assert keys(with_containers(container("platform", "watch", health="unhealthy"))) == []
