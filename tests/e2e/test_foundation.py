"""Failures of the shared servers: they recover by themselves, and no acknowledged data is lost."""

from collections.abc import Iterator

import pytest

from .foundation import (
    Writing,
    all_serve,
    certificate,
    eventually,
    inside,
    kept,
    own,
    registry,
    renewed,
    replicated,
    start_registry,
    strike,
)
from .platform import PATIENCE_S, REGISTRY, Platform

pytestmark = [pytest.mark.e2e, pytest.mark.docker]
LEGAL, AUTH = "legal.localhost", "auth.localhost"


@pytest.mark.one_runner
def test_a_postgres_that_is_killed_under_writes_recovers_every_acknowledged_row(platform: Platform) -> None:
    restarts = own(platform, "postgres").attrs["RestartCount"]
    with Writing(platform, LEGAL) as writing:
        writing.go_on(50)
        strike(platform, "postgres")
        eventually(lambda: writing.refused)
        writing.go_on(20)
    kept = set(platform.sql("SELECT key FROM items", "sertantai_legal_local").split())
    assert len(writing.acknowledged) > 70
    assert writing.acknowledged <= kept
    assert own(platform, "postgres").attrs["RestartCount"] == restarts + 1
    eventually(lambda: all_serve(platform))
    assert replicated(platform)


@pytest.mark.one_runner
def test_a_killed_gateway_restarts_by_itself(platform: Platform) -> None:
    restarts = own(platform, "nginx").attrs["RestartCount"]
    strike(platform, "nginx")
    eventually(lambda: all_serve(platform))
    assert own(platform, "nginx").attrs["RestartCount"] == restarts + 1


@pytest.fixture
def without_certbot(platform: Platform) -> Iterator[Platform]:
    """certbot is paused inside. It is idle first, or it would return with another certificate or a lock."""
    eventually(lambda: renewed(platform, AUTH), PATIENCE_S)
    own(platform, "certbot").pause()
    yield platform
    if own(platform, "certbot").status == "paused":
        own(platform, "certbot").unpause()


@pytest.mark.one_runner
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(f"rm -r {AUTH}", id="lost", marks=pytest.mark.faults),
        pytest.param(f": > {AUTH}/fullchain.pem", id="emptied", marks=pytest.mark.faults),
        pytest.param(f"cp {LEGAL}/privkey.pem {AUTH}/", id="torn"),
    ],
)
def test_a_gateway_without_one_of_its_certificates_serves_the_others_and_gets_it_again(
    without_certbot: Platform, damage: str
) -> None:
    platform = without_certbot
    real = kept(platform, AUTH)
    inside(platform, "nginx", f"cd /srv/nginx/certs && {damage}")
    own(platform, "nginx").restart()
    eventually(lambda: platform.get(LEGAL, "/api/version").status_code == 200)
    assert "placeholder" in certificate(AUTH).subject.rfc4514_string()
    own(platform, "certbot").unpause()
    # Around a reload the old workers answer too, for a moment.
    eventually(lambda: certificate(AUTH) == real and all_serve(platform), PATIENCE_S)


def pin(platform: Platform) -> None:
    """Writes every image into the stack file by its running digest."""
    parts = {(c.labels["sertantai.service"], c.labels["sertantai.part"]): c for c in platform.containers()}
    blocks = {
        ("platform", part): platform.config[f"sertantai:{'acme' if part == 'certbot' else part}"]
        for part in ("postgres", "redis", "nginx", "certbot")
    } | {
        (name, part): service[part]
        for name, service in platform.services.items()
        for part in ("app", "frontend", "electric")
        if part in service
    }
    for key, block in blocks.items():
        block["image"] += "@" + parts[key].attrs["Config"]["Image"].partition("@")[2]


def test_without_its_registry_everything_serves_and_pinned_images_can_be_released(platform: Platform) -> None:
    # The rehearsal's `up` starts its double again, so for it the preview meets the missing registry.
    verb = "up" if platform.runner.name == "engine" else "preview"
    before = platform.ids()
    registry(platform).stop()
    try:
        bad = platform.run(verb)
        assert not bad.ok
        assert REGISTRY in bad.error
        assert "connection refused" in bad.error
        assert platform.ids() == before
        assert all_serve(platform)
        pin(platform)
        same = platform.run(verb)
        assert same.ok, same.error
        assert not same.touched()
        platform.services["auth"]["app"]["restart_generation"] = 1
        released = platform.run(verb)
        assert released.ok, released.error
        assert "auth-app" in released.touched()
        assert all_serve(platform)
    finally:
        start_registry(platform)
