"""Each difference of the host from the stack file is a line of drift, and nothing else is."""

from typing import Any

import pytest

from cli.status.status_drift import drift

from .seeing import DIGEST, OTHER, container, seen


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"drifted": ["login/legal"]}, "login/legal: was changed by hand"),
        ({"sites": ["auth", "enforcement"]}, "sites/legal.conf: is missing in the gateway"),
        ({"sites": ["auth", "enforcement", "legal", "old"]}, "sites/old.conf: is in the gateway and not declared"),
        ({"container": {"service": "old"}}, "old: runs and is not declared"),
        ({"container": {"part": "frontend"}}, "auth/frontend: runs and is not declared"),
        ({"container": {"service": "platform", "part": "backup"}}, "backup: runs and is not declared"),
        ({"container": {"digest": OTHER}}, f"auth/app: runs {'91aa' * 3}, declared is {'1f4b' * 3}"),
        ({"slot": "electric_slot_old"}, "slot electric_slot_old: no service declares it, and it retains 12 MB of WAL"),
    ],
)
def test_each_difference_from_the_stack_file_is_a_line(changes: dict[str, Any], line: str) -> None:
    values = seen()
    if "container" in changes:
        values["containers"].append(container("auth", "app", "x:1") | changes.pop("container"))
    if "slot" in changes:
        values["slots"].append({**values["slots"][0], "name": changes.pop("slot")})
    assert drift(values | changes) == [line]


def test_a_stack_as_it_is_declared_has_no_drift() -> None:
    assert drift(seen()) == []


def test_a_container_that_is_declared_as_stopped_and_runs_is_drift() -> None:
    values = seen()
    values["declared"]["services"]["legal"]["stopped"] = ["app"]
    assert drift(values) == ["legal/app: runs and is declared as stopped"]


@pytest.mark.parametrize(
    ("image", "lines"),
    [
        (f"localhost:5050/sertantai/app@{DIGEST}", []),
        (f"localhost:5050/sertantai/app:2@{OTHER}", [f"auth/app: runs {'1f4b' * 3}, declared is {'91aa' * 3}"]),
        ("localhost:5050/sertantai/another:1", []),  # nobody knows its digest without asking the registry
    ],
)
def test_the_digest_in_the_file_is_what_is_declared(image: str, lines: list[str]) -> None:
    values = seen()
    values["declared"]["services"]["auth"]["parts"]["app"] = image
    assert drift(values) == lines


@pytest.mark.parametrize("part", ["docker", "nginx", "postgres"])
def test_of_what_cannot_be_read_no_drift_is_said(part: str) -> None:
    blank: dict[str, Any] = {"docker": {"containers": []}, "nginx": {"sites": []}, "postgres": {"slots": []}}[part]
    assert drift(seen(unreadable={part: "no answer"}) | blank) == []
