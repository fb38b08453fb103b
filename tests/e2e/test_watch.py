"""Who is told of what, by faults that are made: the real container, host and webhook."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme

from tests.throwaway.calling import call
from tests.throwaway.listener import SECRET, Listener, listening
from tests.waiting import eventually

from .foundation import inside, own
from .operator import sertantai
from .watched import DATABASE, HOST, SERVICE, SLOT, STACK, TELLS_S, Watched

pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.xdist_group("watch")]
SOON = timedelta(days=5)


def test_the_first_up_alarms_nobody_and_the_heartbeat_comes(watched: Watched) -> None:
    eventually(lambda: watched.listener.beats, timeout_s=300)
    watched.await_looks()
    assert watched.listener.told == []


def test_a_second_up_changes_nothing(watched: Watched) -> None:
    again = watched.up()
    assert again.ok, again.why
    assert again.touched() == set()


def test_a_release_and_a_part_that_is_stopped_on_purpose_alarm_nobody(watched: Watched) -> None:
    service = watched.services[SERVICE]
    service["app"]["env"] = {"APP_VERSION": "2"}
    service["stopped"] = ["electric"]
    released = watched.up()
    assert released.ok, released.why
    del service["stopped"]
    back = watched.up()
    assert back.ok, back.why
    watched.await_looks()
    assert watched.listener.told == []


@pytest.mark.faults
def test_a_service_that_is_released_alone_is_watched_as_it_is_declared(watched: Watched) -> None:
    watched.services[SERVICE]["stopped"] = ["electric"]
    stopped = sertantai(watched, "deploy", SERVICE, "--yes")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    assert watched.watch("declared")["services"][SERVICE]["stopped"] == ["electric"]
    del watched.services[SERVICE]["stopped"]
    back = sertantai(watched, "deploy", SERVICE, "--yes")
    assert back.returncode == 0, back.stdout + back.stderr


@pytest.mark.faults
def test_a_lost_file_and_a_lost_container_are_mended_by_the_next_up(watched: Watched) -> None:
    inside(watched, "watch", "rm /state/declared.json /state/declared.mark")
    assert watched.up().touched() == {"watch-declared"}
    own(watched, "watch").remove(force=True)
    status = watched.status()
    assert "watch: has no container" in str(status["problems"])
    assert "watch-server" in watched.up().touched()
    assert watched.watch("declared")["services"]


def test_no_address_and_no_token_is_anywhere_but_in_the_file_that_root_reads(watched: Watched) -> None:
    token = watched.config["sertantai:registry_token"]
    container = own(watched, "watch")
    for secret in (SECRET, token):
        assert secret not in json.dumps(container.attrs)
        assert secret not in container.logs().decode()
        assert secret not in json.dumps(watched.watch("status") | watched.watch("memory"))
    assert inside(watched, "watch", "stat -c '%a %U' /state/alerts.json").split() == ["600", "root"]


@pytest.fixture(scope="module")
def faults(watched: Watched) -> Iterator[Watched]:
    """Makes all quick faults at once: each takes as long to be told as all of them."""
    watched.listener.told.clear()
    watched.sql("ALTER TABLE items RENAME TO lost", DATABASE)
    with watched.client(HOST) as client:
        assert {client.get("/api/items").status_code for _ in range(30)} == {500}
    restart_often(watched)
    lose_renewals(watched)
    expire_certificate(watched)
    [role] = watched.sql(
        f"SELECT usename FROM pg_stat_replication JOIN pg_replication_slots ON pid = active_pid"
        f" WHERE slot_name = '{SLOT}'"
    ).split()
    watched.sql(f'ALTER ROLE "{role}" NOLOGIN')
    watched.sql(f"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{SLOT}'")
    with listening() as registry:
        expire_token(watched, registry)
        yield watched
    watched.sql(f'ALTER ROLE "{role}" LOGIN')


def restart_often(watched: Watched) -> None:
    """Ends the app's first process again and again, as a crash does."""
    app = watched.part("app")

    def crashed() -> bool:
        app.exec_run(["sh", "-c", "kill 1"])  # before it has a handler, a first process is not ended by a signal
        app.reload()
        return bool(app.attrs["RestartCount"] >= 3)

    eventually(crashed, TELLS_S)


def lose_renewals(watched: Watched) -> None:
    """certbot's container is unhealthy if no renewal has succeeded for a day."""
    inside(watched, "certbot", "touch -d '2 days ago' /tmp/renewed")


def expire_certificate(watched: Watched) -> None:
    """Gives the site a certificate that ends in a few days, as if none had been renewed for months."""
    now = datetime.now(UTC)
    issued = trustme.CA().issue_cert(HOST, not_before=now - timedelta(days=85), not_after=now + SOON)
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems).decode()
    live = f"/etc/letsencrypt/live/{HOST}"
    inside(watched, "certbot", f"cat > {live}/privkey.pem <<'END'\n{issued.private_key_pem.bytes().decode()}END")
    inside(watched, "certbot", f"cat > {live}/fullchain.pem <<'END'\n{chain}END")


def expire_token(watched: Watched, registry: Listener) -> None:
    """Replaces the registry's server by one that tells when the token expires, as GitHub does."""
    registry.headers["github-authentication-token-expiration"] = f"{datetime.now(UTC) + SOON:%Y-%m-%d %H:%M:%S} UTC"
    content = watched.watch("alerts")
    content["registry"]["server"] = f"localhost:{registry.port}"
    inputs: dict[str, Any] = {"image": own(watched, "nginx").attrs["Image"], "content": content, "fingerprint": "trial"}
    written = call("watch-config", f"sertantai-{STACK}-watch", "alerts", inputs=inputs)
    assert written.ok, written.error


FAULTS = {
    "restarts": "times: ./sertantai logs enforcement",
    "unhealthy": "certbot: sertantai-",
    "certificate": f"{HOST}: its certificate ends at",
    "errors": "requests of the last 5 min have failed (5xx)",
    "electric": f"enforcement/electric: its replication slot {SLOT} is not active",
    "token": "registry_token: the token for localhost:",
}
"""A part of each message."""


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told(faults: Watched, fault: str) -> None:
    faults.await_told("new", FAULTS[fault])


def test_each_fault_is_told_once_also_after_a_restart_of_the_watch_container(faults: Watched) -> None:
    own(faults, "watch").restart()
    faults.await_looks()
    assert {fault: len(faults.told("new", words)) for fault, words in FAULTS.items()} == dict.fromkeys(FAULTS, 1)


def test_status_shows_an_alert_that_could_not_be_sent_and_it_is_sent_later(faults: Watched) -> None:
    faults.listener.status = 503
    renewed = "touch /tmp/renewed"
    inside(faults, "certbot", renewed)
    eventually(lambda: faults.watch("status")["errors"], timeout_s=300)
    eventually(lambda: "watch: alerts/webhook_url: the server answers 503" in str(faults.status()["problems"]), TELLS_S)
    assert SECRET not in json.dumps(faults.status())
    faults.listener.status = 200
    faults.listener.told.clear()
    faults.await_told("over", "certbot: sertantai-")
    eventually(lambda: faults.watch("status")["errors"] == [], TELLS_S)
