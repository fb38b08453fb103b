"""Errors of Hetzner: reported with the setting, nothing that costs money is left outside the state, `up` continues."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.doubles.hetzner.api import Api
from tests.doubles.hetzner.machines import NoMachines
from tests.e2e.platform import PATIENCE_S
from tests.e2e.runner import has_engine
from tests.waiting import eventually

from .client import FSN1, connect, order
from .conftest import NOBODY, ZONE, is_made, on_paper
from .stack import Outside, Project

pytestmark = [pytest.mark.engine, pytest.mark.docker]
Trouble = Callable[[Api, Project], None]


@pytest.fixture
def paper(outside: Outside, key: Path, tmp_path: Path) -> Iterator[tuple[Api, Project]]:
    """A stack whose server exists only in the API."""
    if not has_engine():
        pytest.skip("no Pulumi CLI")
    with Api(machines=NoMachines(), ipv4_network=NOBODY, zone_names=[ZONE]) as api:
        yield api, on_paper(api, tmp_path, key, outside)


def costs(api: Api) -> set[str]:
    """Returns everything at Hetzner that costs money."""
    return {str(number) for made in (api.servers, api.volumes, api.primary_ips) for number in made}


def known(project: Project) -> set[str]:
    """Returns the ids of everything at Hetzner in the state."""
    return {str(each["id"]) for each in project.state() if each["type"].startswith("hcloud:") and "id" in each}


def token(value: str) -> Trouble:
    return lambda api, project: project.environment.update(HCLOUD_TOKEN=value)


def taken(api: Api, project: Project) -> None:
    order(connect(api), "sertantai-hz", location=FSN1)


def elsewhere(api: Api, project: Project) -> None:
    project.change("host/server_type", "cax11")
    project.change("host/location", "ash")


REFUSED: dict[str, tuple[Trouble, str]] = {
    "a token that is too short": (token("a" * 63), "hcloud:token: has 63 characters and a token has 64"),
    "no token": (token(""), "hcloud:token: is missing"),
    "a token in plain text": (
        lambda api, project: project.change("hcloud:token", api.token),
        "hcloud:token: is a secret in plain text",
    ),
    "another project's token": (token("b" * 64), "hcloud:token: Hetzner does not know it"),
    "no more servers": (
        lambda api, project: api.limits.update(servers=0),
        "host: the limit of this project at Hetzner is reached",
    ),
    "a location without that type": (
        elsewhere,
        "host/server_type: this location has no such type",
    ),
    "a type that does not exist": (
        lambda api, project: project.change("host/server_type", "cx99"),
        "host/server_type: Hetzner has no cx99",
    ),
    "a name that is taken": (taken, "host/name: a resource of that name exists and is not in this state"),
    "an API that is down": (
        lambda api, project: api.faults.add("POST", "/servers", 503, "unavailable", times=50),
        "host: Hetzner's API has a problem",
    ),
}


@pytest.mark.parametrize(("trouble", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_an_error_is_reported_with_its_setting_and_nothing_is_left_outside_the_state(
    paper: tuple[Api, Project], trouble: Trouble, words: str
) -> None:
    api, project = paper
    trouble(api, project)
    before = costs(api)
    said = project.up()
    assert not said.ok
    assert words in said.text, said.text
    assert "Traceback" not in said.text
    assert costs(api) - before <= known(project)
    # Another owner's, unchanged.
    assert all(each["status"] == "running" for each in api.servers.values())


def test_bursts_of_errors_are_tried_again(paper: tuple[Api, Project]) -> None:
    api, project = paper
    api.faults.add("POST", "/servers", 429, "rate_limit_exceeded", times=2)
    api.faults.add("GET", "/actions", 502, "bad_gateway", times=2)
    api.faults.add("POST", "/volumes", 409, "conflict", times=1)
    made = project.up()
    assert is_made(made), made.text
    assert costs(api) == known(project) & costs(api)
    assert len(api.servers) == len(api.volumes) == 1


@pytest.mark.faults
@pytest.mark.parametrize("path", ["/servers", "/volumes", "/primary_ips", "/firewalls", "/volumes/.*/actions/attach"])
@pytest.mark.parametrize("kind", ["error", "cut"])
def test_the_next_up_continues_after_any_failed_request(paper: tuple[Api, Project], path: str, kind: str) -> None:
    api, project = paper
    api.faults.add("POST", path, 500, "server_error", kind=kind, times=1)  # type: ignore[arg-type]
    assert not project.up().ok
    assert costs(api) <= known(project)
    gone_on = project.up()
    assert is_made(gone_on), gone_on.text
    assert costs(api) <= known(project)
    assert [volume["server"] for volume in api.volumes.values()] == list(api.servers)


def test_the_next_up_continues_one_that_was_killed_between_server_and_volume(paper: tuple[Api, Project]) -> None:
    api, project = paper
    api.faults.add("POST", "/volumes/.*/actions/attach", kind="timeout", seconds=60)
    running = project.begin()
    eventually(lambda: any(each["type"] == "hcloud:index/server:Server" for each in project.state()), PATIENCE_S)
    project.kill(running)
    api.faults.clear()
    assert costs(api) <= known(project)
    gone_on = project.up()
    assert is_made(gone_on), gone_on.text
    assert (len(api.servers), len(api.volumes), len(api.primary_ips)) == (1, 1, 2)
    assert [volume["server"] for volume in api.volumes.values()] == list(api.servers)
