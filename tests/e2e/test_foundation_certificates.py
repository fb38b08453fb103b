"""The certificate authority is unreachable, refuses, or is needed again: only the new site waits for it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from local import doubles
from render import nginx

from .foundation import all_serve, certificate, eventually, inside, kept, own
from .plans import NOTES
from .platform import ACME, HTTP, PATIENCE_S, Platform

pytestmark = [pytest.mark.e2e, pytest.mark.docker]
AUTH = "auth.localhost"
NOWHERE = "127.0.0.99"


@contextmanager
def refusing(platform: Platform, domain: str) -> Iterator[None]:
    """Makes the authority look for `domain` on a machine that does not exist."""
    names = f"http://127.0.0.1:{ACME + 3}"
    httpx.post(f"{names}/add-a", json={"host": f"{domain}.", "addresses": [NOWHERE]}).raise_for_status()
    yield
    httpx.post(f"{names}/clear-a", json={"host": f"{domain}."}).raise_for_status()


@contextmanager
def gone(platform: Platform, domain: str) -> Iterator[None]:
    """Makes the authority's name point nowhere."""
    certbot = own(platform, "certbot")

    def write(hosts: str) -> None:
        # certbot cannot change its own file, but the one that Docker gave it can be changed.
        platform.docker.containers.run(
            certbot.attrs["Image"],
            ["-c", 'echo "$HOSTS" > /hosts'],
            entrypoint="sh",
            environment={"HOSTS": hosts},
            volumes=[f"{certbot.attrs['HostsPath']}:/hosts"],
            remove=True,
        )

    before = inside(platform, "certbot", "cat /etc/hosts")
    write(f"{NOWHERE} localhost")
    yield
    write(before)


@pytest.mark.parametrize(
    ("without", "said"),
    [
        pytest.param(refusing, "connection refused", id="refusing"),
        pytest.param(gone, "Connection refused", id="gone", marks=pytest.mark.faults),
    ],
)
def test_only_a_new_site_waits_for_its_certificate(platform: Platform, without: Any, said: str) -> None:
    name = f"notes-{without.__name__}"
    domain = f"{name}.localhost"
    platform.services[name] = NOTES | {"domain": domain}
    platform.services["auth"]["app"]["restart_generation"] = 1
    platform.write()
    before = platform.ids()
    engine = platform.runner.name == "engine"
    with without(platform, domain):
        waiting = platform.runner.run("up", **({"continue_on_error": True} if engine else {}))
        assert not waiting.ok
        directory = f"https://localhost:{ACME}/dir gave no certificate"
        assert f"{domain}: {directory}; it checks http://{domain}/.well-known/acme-challenge/" in waiting.error
        assert said in waiting.error
        assert f"{domain}: the other services continue; fix this" in waiting.error
        text = "openssl x509 -noout -subject -in /srv/nginx/certs/"
        assert "placeholder" in inside(platform, "certbot", f"{text}{domain}/fullchain.pem")
        with pytest.raises(httpx.ConnectError):
            platform.get(domain, "/api/version")
        assert all_serve(platform)
        if engine:
            assert not [each for each in before if each.startswith("auth-app") and each in platform.ids()]
    back = platform.up()
    assert back.ok, back.error
    assert platform.get(domain, "/api/version").status_code == 200
    assert "placeholder" not in certificate(domain).subject.rfc4514_string()


def renew(platform: Platform) -> None:
    """Restarts certbot, so that it checks for due certificates now: otherwise it does twice a day."""
    own(platform, "certbot").restart()
    eventually(lambda: inside(platform, "certbot", "ls /tmp/renewed"), PATIENCE_S)


@pytest.mark.one_runner
def test_due_certificates_are_renewed_and_served_without_an_up(platform: Platform) -> None:
    before = certificate(AUTH)  # valid for a day: due at once
    renew(platform)
    later = before.not_valid_after_utc
    # Around a reload the old workers answer too, for a moment.
    eventually(lambda: certificate(AUTH).not_valid_after_utc > later and all_serve(platform), PATIENCE_S)


@pytest.mark.faults
@pytest.mark.one_runner
def test_a_certificate_that_certbot_has_lost_is_requested_again(platform: Platform) -> None:
    before = certificate(AUTH)
    inside(platform, "certbot", f"certbot delete --non-interactive --cert-name {AUTH}")
    renew(platform)
    eventually(lambda: certificate(AUTH).serial_number != before.serial_number and all_serve(platform), PATIENCE_S)


@pytest.mark.faults
@pytest.mark.one_runner
def test_an_authority_without_our_account_gets_a_new_one_and_valid_certificates_stay(platform: Platform) -> None:
    before = certificate(AUTH)
    authority = f"https://localhost:{ACME}/dir", HTTP, platform.acme
    doubles.acme(*authority, validity_s=90 * 86400)
    try:
        renew(platform)
        # A renewal that was under way has its certificate from the old authority.
        eventually(lambda: certificate(AUTH).issuer != before.issuer)
        renewed = kept(platform, AUTH)
        renew(platform)
        time.sleep(nginx.WATCH_S + 2)
        assert certificate(AUTH) == renewed
        assert all_serve(platform)
    finally:
        doubles.acme(*authority)
