"""The operator's own commands on a running platform: a release of one service, a failed one, and the way back."""

import json

import pytest

from cli.release import plan
from local import images

from .foundation import registry, start_registry
from .operator import sertantai
from .platform import REGISTRY, Platform
from .watching import Watching

pytestmark = [pytest.mark.e2e, pytest.mark.docker]
AUTH = "auth.localhost"


def last_release(platform: Platform) -> tuple[str, str, str]:
    release = json.loads(sertantai(platform, "releases", "auth", "--json").stdout)[0]
    return release["command"], release["result"], release["images"]["app"]


def test_a_service_is_deployed_alone_and_brought_back_without_a_registry_after_a_deploy_that_failed(
    platform: Platform, newer: str
) -> None:
    login = platform.config["sertantai:registry"]["username"], platform.config["sertantai:registry_token"]
    images.build("app", "broken", REGISTRY, *login, FAIL="boot")
    first = json.loads(sertantai(platform, "releases", "auth", "--json").stdout)[0]["number"]
    others = {name: each for name, each in platform.ids().items() if not name.startswith("auth-")}
    with Watching(platform, AUTH) as clients:
        deployed = sertantai(platform, "deploy", "auth", "--tag", "newer", "--yes")
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        assert platform.get(AUTH, "/api/version").json() == {"version": "newer"}
        assert platform.services["auth"]["app"]["image"].partition("@")[2] == newer.partition("@")[2]
        assert last_release(platform) == ("deploy", "serves", newer)

        failed = sertantai(platform, "deploy", "auth", "--tag", "broken", "--yes")
        assert failed.returncode == 1
        assert "auth: the release before still serves" in failed.stdout
        assert platform.get(AUTH, "/api/version").json() == {"version": "newer"}
        assert last_release(platform)[:2] == ("deploy", "failed")

        if platform.runner.name == "engine":  # the rehearsal looks up the tags of all services
            registry(platform).stop()
        try:
            back = sertantai(platform, "rollback", "auth", "--to", str(first), "--yes")
        finally:
            start_registry(platform)
        assert back.returncode == 0, back.stdout + back.stderr
        assert last_release(platform)[:2] == ("rollback", "serves")
        assert platform.get(AUTH, "/api/version").json() == {"version": "1"}
    clients.serves()
    assert {name: each for name, each in platform.ids().items() if not name.startswith("auth-")} == others


@pytest.mark.faults
def test_a_saved_plan_is_the_same_in_the_next_preview_until_one_of_its_values_changes(
    platform: Platform, newer: str
) -> None:
    auth = platform.services["auth"]["app"]
    platform.services["auth"]["app"] = {**auth, "image": newer, "env": {"A": "1"}}
    platform.config["sertantai:nginx"] = {**platform.config["sertantai:nginx"], "memory_mb": 200}
    file = platform.folder / "plan.json"
    plans = []
    for value in ("1", "1", "2"):
        platform.services["auth"]["app"]["env"]["A"] = value
        made = sertantai(platform, "plan", "--save", str(file))
        assert made.returncode == 2, made.stdout + made.stderr
        plans.append(plan.read(file))
    assert plan.differences(plans[0], plans[1]) == []
    assert plan.differences(plans[0], plans[2]) == ["other values: services/auth"]
