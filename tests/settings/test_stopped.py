"""Parts that are stopped on purpose."""

import pytest

from settings import parse

from .stack import REMOVED, SMALL, changed, mistakes

LEGAL = "services/legal"


@pytest.mark.parametrize("stopped", [["app"], ["frontend", "electric"], ["app", "frontend", "electric"]])
def test_any_part_may_be_stopped_and_all_of_them(stopped: list[str]) -> None:
    assert mistakes({f"{LEGAL}/stopped": stopped}) == []
    settings = parse(changed(SMALL, {f"{LEGAL}/stopped": stopped}))
    assert settings.services["legal"].parts().keys() - settings.services["legal"].running().keys() == {*stopped}
    assert not {f"{LEGAL}/{part}/image" for part in stopped} & settings.images().keys()


def test_a_part_that_the_service_does_not_have_is_refused() -> None:
    assert mistakes({f"{LEGAL}/frontend": REMOVED, f"{LEGAL}/stopped": ["app", "frontend"]}) == [
        f"{LEGAL}/stopped/1: the service has no frontend; remove it, or declare {LEGAL}/frontend"
    ]


def test_a_part_is_stopped_once() -> None:
    assert mistakes({f"{LEGAL}/stopped": ["app", "app"]}) == [
        f"{LEGAL}/stopped/1: app is named twice; remove one of the two"
    ]


def test_another_name_is_refused() -> None:
    [line] = mistakes({f"{LEGAL}/stopped": ["backend"]})
    assert line == f"{LEGAL}/stopped/0: must be 'app', 'frontend' or 'electric'"


def test_a_stopped_part_needs_no_memory() -> None:
    large = {f"{LEGAL}/app/memory_mb": 1_000_000}
    assert len(mistakes(large)) == 1
    assert mistakes({**large, f"{LEGAL}/stopped": ["app"]}) == []


def test_a_site_may_be_closed_for_maintenance_if_there_is_one() -> None:
    assert mistakes({f"{LEGAL}/maintenance": True}) == []
    without = {f"{LEGAL}/{name}": REMOVED for name in ("domain", "frontend")}
    [line] = [each for each in mistakes({**without, f"{LEGAL}/maintenance": True}) if "maintenance" in each]
    assert line == f"{LEGAL}/maintenance: there is no site to close; set {LEGAL}/domain, or remove it"
