"""An `up` that is killed, as by a power cut: what served before still serves, and the next `up` completes it."""

import copy

import pytest

from .foundation import replicated
from .platform import Platform
from .watching import Watching

pytestmark = [pytest.mark.e2e, pytest.mark.docker]
LEGAL = "legal.localhost"
# Steps of a release of every part, and of a new service.
STEPS = ["app-image", "preflight", "migrate", "app", "app-gate", "frontend", "frontend-gate", "electric"]
STEPS += ["electric-gate", "cutover", "site-switch", "retire", "images"]
FIRST_STEPS = ["database-sql", "cleanup", "certificate-placeholder", "certificate-authority", "site-switch"]
SHAPE = "/electric/laws?offset=-1"


@pytest.mark.parametrize(
    "step", [pytest.param(step, marks=[] if step == "app-gate" else [pytest.mark.faults]) for step in STEPS]
)
def test_an_up_that_is_killed_after_a_step_loses_nothing_and_the_next_one_continues(
    platform: Platform, newer: str, step: str
) -> None:
    for part in ("app", "frontend", "electric"):
        platform.services["legal"][part]["env"] = {"KILLED_AFTER": step}
    platform.services["legal"]["app"]["image"] = newer
    with Watching(platform, LEGAL) as clients, Watching(platform, LEGAL, SHAPE, posts=False) as shapes:
        platform.kill_after(f"legal-{step}")
        after = platform.up()
        assert after.ok, after.error
    clients.serves()
    shapes.serves()
    for part in ("app", "frontend", "electric"):
        assert len(platform.containers(service="legal", part=part)) == 1
    assert platform.get(LEGAL, "/api/version").json() == {"version": "newer"}
    assert replicated(platform)


@pytest.mark.faults
@pytest.mark.parametrize("step", FIRST_STEPS)
def test_a_first_up_that_is_killed_after_a_step_can_be_continued_or_removed(platform: Platform, step: str) -> None:
    stock = copy.deepcopy(platform.services["auth"]) | {"domain": "stock.localhost", "names": []}
    stock["app"]["port"] = 4007
    stock["database"] = {"name": f"sertantai_stock_{step.replace('-', '_')}"}
    platform.services["stock"] = stock
    platform.kill_after(f"stock-{step}")
    after = platform.up()
    assert after.ok, after.error
    assert platform.get("stock.localhost", "/ready").status_code == 200
    assert len(platform.containers(service="stock", part="app")) == 1
