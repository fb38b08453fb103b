"""The set-up for a stack file: the doubles at its addresses on this machine."""

from pathlib import Path
from typing import Any

import pytest

from local import doubles, images, setup
from settings import StackFile
from tests.places import Place

PLACE = Place("containers")
DIRECTORY, CA = f"https://localhost:{PLACE.acme}/dir", "somewhere/ca.pem"
ACME = {"email": "a@example.org", "directory_url": DIRECTORY, "ca_bundle": CA, "image": "certbot:1"}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[Any, ...]]:
    """The arguments with which each double was started or removed."""
    calls: dict[str, tuple[Any, ...]] = {}
    for owner, name in ((doubles, "acme"), (doubles, "registry"), (doubles, "purge"), (images, "ensure")):
        monkeypatch.setattr(owner, name, lambda *given, name=name: calls.__setitem__(name, given))
    monkeypatch.setattr(setup, "ensure_docker", lambda: None)
    return calls


def stack(**settings: Any) -> StackFile:
    values = {f"sertantai:{name}": value for name, value in settings.items()}
    return StackFile(name="test", values=values, encrypted=())


def test_addresses_on_this_machine_are_doubles_and_the_registry_has_the_images(
    started: dict[str, tuple[Any, ...]],
) -> None:
    registry = {"server": PLACE.registry, "username": "tester"}
    local = stack(
        acme=ACME, registry=registry, registry_token="token", nginx={"image": "nginx:1", "http_port": PLACE.ports[0]}
    )
    setup.set_up(local)
    login = (PLACE.registry, "tester", "token")
    assert started.pop("acme") == (DIRECTORY, PLACE.ports[0], Path("somewhere"))
    assert started == {"registry": login, "ensure": login}
    setup.remove(local)
    assert started["purge"] == (PLACE.acme, doubles.port(PLACE.registry))


def test_challenges_use_port_80_by_default(started: dict[str, tuple[Any, ...]]) -> None:
    setup.set_up(stack(acme=ACME, nginx={"image": "nginx:1"}))
    assert started == {"acme": (DIRECTORY, 80, Path("somewhere"))}


def test_other_addresses_are_ignored(started: dict[str, tuple[Any, ...]]) -> None:
    registry = {"server": "ghcr.io", "username": "tester"}
    real = stack(acme={"email": "a@example.org", "image": "certbot:1"}, registry=registry, nginx={"image": "nginx:1"})
    setup.set_up(real)
    setup.remove(real)
    assert started == {}


@pytest.mark.parametrize("block", ["text", {"server": 7}, {"unknown": True}])
def test_a_block_with_mistakes_is_ignored_since_the_program_reports_them(
    started: dict[str, tuple[Any, ...]], block: Any
) -> None:
    broken = stack(acme=block, registry=block, nginx=block)
    setup.set_up(broken)
    setup.remove(broken)
    assert started == {}
