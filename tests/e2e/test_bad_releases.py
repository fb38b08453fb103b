"""A bad release never reaches a user: what served before still serves, and the error names the setting to fix."""

import io
import os
import re
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from docker.errors import ImageNotFound

from local import images
from local.images.remote import Registry

from .foundation import all_serve, eventually, registry, start_registry, strike
from .platform import REGISTRY, Platform
from .test_foundation import pin
from .watching import Watching

pytestmark = [pytest.mark.e2e, pytest.mark.docker]
LEGAL, AUTH = "legal.localhost", "auth.localhost"
Change = Callable[[dict[str, Any]], None]
QUICK_GATE = {"health": {"start_timeout_s": 3}}
NOWHERE = f"{REGISTRY}/sertantai/app@sha256:{'0' * 64}"


def app(**settings: Any) -> Change:
    """Returns the app of auth with these settings."""
    return lambda config: config["sertantai:services"]["auth"]["app"].update(settings)


def electric(**settings: Any) -> Change:
    return lambda config: config["sertantai:services"]["legal"]["electric"].update(settings)


def secret(config: dict[str, Any]) -> None:
    """A value that is longer than one of nginx's words may be."""
    config["sertantai:legal_ELECTRIC_SECRET"] = "x" * 5000


BAD: dict[str, tuple[Change, str]] = {
    "no such tag": (app(image=f"{REGISTRY}/sertantai/app:nothing"), "sertantai/app:nothing"),
    "no such digest": (app(image=NOWHERE), "0000"),
    "no health tool": (
        app(health={"tool": "curl"}),
        "services/auth/app/health/tool: the image has no curl: choose the tool that it has",
    ),
    "exits at once": (app(env={"FAIL": "boot"}), "auth/app: died"),
    "built on another Alpine": (app(env={"FAIL": "nif"}), "the same Alpine version"),
    "exits after a while": (
        app(env={"FAIL": "exit_after", "FAIL_AFTER_S": "2"}, health={"successes": 20}),
        "auth/app: died",
    ),
    "never healthy": (app(env={"FAIL": "unhealthy"}, **QUICK_GATE), "auth/app: not healthy after"),
    "healthy once": (app(env={"FAIL": "healthy_once"}, **QUICK_GATE), "auth/app: not healthy after"),
    "out of memory": (app(env={"FAIL": "oom"}, memory_mb=96), "auth/app: was killed: it needs more than its memory_mb"),
    "another port": (
        app(env={"FAIL": "wrong_port"}, **QUICK_GATE),
        "auth/app: not healthy after 3 s: it listens on port 4002, not on 4001",
    ),
    "a migration that fails": (app(env={"FAIL": "migrate"}), "auth/migrate: applied before that: nothing."),
    "a migration that hangs": (
        app(env={"FAIL": "migrate_hang"}, migrate_timeout_s=2),
        "auth/migrate: stopped after 2 s; raise migrate_timeout_s",
    ),
    "a text that nginx alone refuses": (secret, "legal/site: nginx refuses its text"),
    "an Electric that stays at 202": (
        electric(env={"FAIL": "stay_202"}, start_timeout_s=10),
        "legal/electric: the new Electric is not active after 10 s",
    ),
    "an Electric that dies after the old one stopped": (
        electric(env={"FAIL": "lock"}),
        "legal/electric: the old Electric serves again",
    ),
}
QUICK = ("no health tool", "a migration that hangs", "an Electric that stays at 202")
CASES = [pytest.param(*BAD[name], id=name, marks=[] if name in QUICK else [pytest.mark.faults]) for name in BAD]


def in_seconds(text: str) -> str:
    """Returns the text without the number of seconds, which depends on the machine."""
    return re.sub(r"\b\d+ s\b", "N s", text)


@pytest.mark.one_runner
@pytest.mark.parametrize(("change", "words"), CASES)
def test_a_bad_release_fails_twice_in_the_same_way_while_the_old_one_serves(
    platform: Platform, change: Change, words: str
) -> None:
    site = LEGAL if change is secret or "legal/" in words else AUTH
    before = platform.ids()
    change(platform.config)
    with Watching(platform, site) as clients:
        for _ in range(2):
            bad = platform.up()
            assert not bad.ok
            assert in_seconds(words) in in_seconds(bad.error)
            assert "Traceback" not in bad.error + bad.said
            assert before.items() <= platform.ids().items()
        platform.reset()
        good = platform.up()
        assert good.ok, good.error
    clients.serves()
    assert len(platform.containers(service="auth", part="app")) == 1
    if site == LEGAL:
        assert platform.get(LEGAL, "/electric/laws?offset=-1").status_code == 200


@pytest.mark.faults
@pytest.mark.parametrize("part", ["nginx", "postgres"])
def test_a_shared_server_that_dies_during_a_release_restarts_and_the_next_up_succeeds(
    platform: Platform, part: str
) -> None:
    platform.services["auth"]["app"]["env"] = {"START_DELAY_S": "4"}
    platform.write()
    process = platform.begin()
    time.sleep(4)
    strike(platform, part)
    platform.runner.ended(process)
    eventually(lambda: all_serve(platform))
    good = platform.up()
    assert good.ok, good.error
    assert all_serve(platform)
    assert len(platform.containers(service="auth", part="app")) == 1


@pytest.mark.faults
def test_two_services_release_concurrently_and_only_the_broken_one_fails(platform: Platform) -> None:
    before = platform.ids()
    platform.services["auth"]["app"]["env"] = {"GREETING": "hello"}
    platform.services["legal"]["frontend"]["env"] = {"FAIL": "unhealthy"}
    platform.services["legal"]["frontend"]["health"] = {"start_timeout_s": 3}
    platform.services["legal"]["app"]["env"] = {"GREETING": "hello"}
    with Watching(platform, LEGAL) as legal, Watching(platform, AUTH) as auth:
        options = {"continue_on_error": True} if platform.runner.name == "engine" else {}
        platform.write()
        bad = platform.runner.run("up", **options)
        assert not bad.ok
        assert "legal/frontend: not healthy after" in bad.error
        after = platform.ids()
    legal.serves()
    auth.serves()
    assert {name for name in before if name.startswith("legal-")} <= after.keys()
    assert next(name for name in before if name.startswith("auth-app")) not in after
    greeted = platform.docker.containers.get(next(name for name in after if name.startswith("auth-app")))
    assert "GREETING=hello" in greeted.attrs["Config"]["Env"]


def test_a_rollback_is_a_release_that_needs_no_registry(platform: Platform, newer: str) -> None:
    pin(platform)
    before = platform.services["auth"]["app"]["image"]
    platform.services["auth"]["app"]["image"] = newer
    released = platform.up()
    assert released.ok, released.error
    assert platform.get(AUTH, "/api/version").json() == {"version": "newer"}
    assert f"auth/app {REGISTRY}/sertantai/app@{before.partition('@')[2]}" in released.said
    double = registry(platform)
    platform.services["auth"]["app"]["image"] = before
    with Watching(platform, AUTH) as clients:
        if platform.runner.name == "engine":  # the rehearsal would start it again
            double.stop()
        try:
            asked = double.logs().count(b"manifests")
            back = platform.up()
            assert double.logs().count(b"manifests") == asked or platform.runner.name == "rehearsal"
        finally:
            start_registry(platform)
    assert back.ok, back.error
    clients.serves()
    assert platform.get(AUTH, "/api/version").json() == {"version": "1"}


@pytest.mark.faults
@pytest.mark.skipif(os.geteuid() != 0, reason="makes Docker's own folder small, which root alone may")
def test_a_full_disk_at_a_pull_changes_nothing_and_with_free_space_the_same_up_succeeds(platform: Platform) -> None:
    settings = platform.config["sertantai:registry"], platform.config["sertantai:registry_token"]
    images.build("app", "large", REGISTRY, settings[0]["username"], settings[1])
    registry = Registry(platform.docker, REGISTRY, settings[0]["username"], settings[1])
    tag = f"{registry.repository('app')}:large"
    # Its own layer, which the host has to pull.
    text = f"FROM {tag}\nRUN head -c 300000 /dev/urandom > /tmp/filler\n"
    platform.docker.images.build(fileobj=io.BytesIO(text.encode()), tag=tag, rm=True)
    newer = f"{registry.repository('app')}@{registry.push(registry.repository('app'), 'large')}"
    for name in (newer, tag):
        with suppress(ImageNotFound):  # removing its last tag has removed it
            platform.docker.images.remove(name, force=True)
    folder = Path(platform.docker.info()["DockerRootDir"], "tmp")
    before = platform.ids()
    platform.services["auth"]["app"]["image"] = newer
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", folder], check=True)
    try:
        with Watching(platform, AUTH) as clients:
            bad = platform.up()
    finally:
        subprocess.run(["umount", folder], check=True)
    assert not bad.ok
    # The provider does not say why a pull broke off; the command adds what to look at (cli/show/meanings.py).
    words = {"rehearsal": "no space left on device", "engine": "unable to find or pull image"}
    assert words[platform.runner.name] in bad.error, bad.error
    assert platform.ids() == before
    clients.serves()
    good = platform.up()
    assert good.ok, good.error
    assert platform.get(AUTH, "/api/version").json() == {"version": "large"}
