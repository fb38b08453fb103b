"""The operator's own services, as `Pulumi.prod.yaml` has them: the real command, engine and provider on the double."""

import statistics
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.e2e.platform import PATIENCE_S
from tests.e2e.watching import Watching
from tests.waiting import eventually

from .real import Real, Shape, running, start_foreign
from .stack import Outside
from .visits import Events, Words

pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.docker]
LEGAL, COMPLIANCE, AUTH = "legal.sertantai.com", "compliance.sertantai.com", "auth.sertantai.com"
HUB, ENFORCEMENT = "sertantai.com", "ehs-enforcement.sertantai.com"
BASEROW = "baserow.sertantai.com"
# The stand-in of each image answers with that image's name as its version.
APPS = {
    COMPLIANCE: "sertantai-compliance-backend",
    AUTH: "sertantai-auth",
    HUB: "sertantai-hub-backend",
    ENFORCEMENT: "ehs-enforcement",
}
SHARED = "sertantai_legal_prod"
KEPT_S = 45
"""How long a release lets websockets of other sites be: docs/services.md, "Sites for other programs"."""


@pytest.fixture(scope="module")
def bare(outside: Outside, key: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """The stack, on a server where none of the containers behind `sites` exists yet."""
    begun = time.monotonic()
    with running(tmp_path_factory.mktemp("real"), outside, key) as real:
        print(f"from nothing: {time.monotonic() - begun:.0f} s")  # noqa: T201
        yield real


@pytest.fixture(scope="module")
def prod(bare: Real) -> Real:
    """The stack, after the `up` that connects those containers."""
    start_foreign(bare)
    bare.up()
    return bare


def test_without_the_containers_behind_sites_everything_else_runs_and_the_up_names_them(bare: Real) -> None:
    for name, site in bare.block("sites").items():
        assert f"sites/{name}/container: there is no container {site['container']} on the host" in bare.first.text
        assert bare.get(site["domain"], "/").status_code == 502
    assert bare.get(HUB, "/health").status_code == 200
    assert bare.project.changes() == {}


def test_every_running_service_is_healthy_and_answers_at_its_domain_over_tls(prod: Real) -> None:
    def healthy() -> bool:
        states = prod.on_host("docker ps -a --filter label=sertantai.stack=prod --format '{{.Names}} {{.Status}}'")
        return all("(healthy)" in state for state in states.splitlines())

    eventually(healthy, PATIENCE_S)
    for domain, image in APPS.items():
        assert prod.get(domain, "/health").json() == {"status": "ok", "version": image}
        assert prod.get(domain, "/api/version").json() == {"version": image}
    for domain in (LEGAL, COMPLIANCE, HUB):
        assert "text/html" in prod.get(domain, "/").headers["content-type"]


def test_a_preview_shows_nothing_afterwards(prod: Real) -> None:
    assert prod.project.changes() == {}


def test_an_app_that_is_stopped_on_purpose_answers_503_and_does_not_exist(prod: Real) -> None:
    for path in ("/api/version", "/health"):
        answer = prod.get(LEGAL, path)
        assert (answer.status_code, answer.text) == (503, "legal-app is stopped on purpose.\n")
    from_hub = prod.get(HUB, "/api/call/legal")
    assert (from_hub.status_code, from_hub.text) == (503, "legal-app is stopped on purpose.\n")
    assert prod.container("legal", "app") == ""


def test_redirects_keep_the_path_and_plain_http_leads_to_https(prod: Real) -> None:
    answer = prod.get("hub.sertantai.com", "/api/items?page=2")
    assert (answer.status_code, answer.headers["location"]) == (308, f"https://{HUB}/api/items?page=2")
    for domain in (*APPS, LEGAL, BASEROW):
        plain = httpx.get(f"http://{prod.address}/a?b=c", headers={"Host": domain}, trust_env=False)
        assert (plain.status_code, plain.headers["location"]) == (308, f"https://{domain}/a?b=c")


@pytest.mark.parametrize(
    "path", ["/health/detailed", "/health%2Fdetailed", "//HEALTH//detailed/", "/health/detailed;a"]
)
def test_a_closed_path_does_not_reach_the_app(prod: Real, path: str) -> None:
    for domain in APPS:
        answer = prod.get(domain, path)
        assert answer.status_code == 404
        assert "json" not in answer.headers["content-type"], "that is the app's own 404"


def test_no_app_migrates_at_its_start(prod: Real) -> None:
    for service in ("compliance", "auth", "hub"):
        log = prod.on_host(f"docker logs {prod.container(service, 'app')}")
        assert "Running AppWeb.Endpoint" in log
        assert "igrat" not in log


def test_hub_reads_the_rows_of_auth_and_cannot_write_them(prod: Real) -> None:
    assert prod.post(AUTH, "/api/items", {"key": str(uuid.uuid4())}).status_code == 200
    rows = prod.get(HUB, "/api/rows/AUTH_DATABASE_URL").json()["rows"]
    assert str(rows) == prod.sql("sertantai_auth_prod", "SELECT count(*) FROM items") != "0"
    refused = prod.post(HUB, "/api/rows/AUTH_DATABASE_URL")
    assert (refused.status_code, refused.json()) == (403, {"error": "permission denied for table items"})
    assert prod.get(HUB, "/api/rows/AUTH_DATABASE_URL").json() == {"rows": rows}
    assert prod.post(HUB, "/api/rows/DATABASE_URL").status_code == 200


def test_compliance_uses_the_database_of_legal_and_both_electrics_deliver_a_new_row(prod: Real) -> None:
    key, name = str(uuid.uuid4()), f"law {uuid.uuid4()}"
    assert prod.post(COMPLIANCE, "/api/items", {"key": key}).status_code == 200
    assert prod.sql(SHARED, f"SELECT count(*) FROM items WHERE key = '{key}'") == "1"
    shapes = [Shape(prod), Shape(prod, COMPLIANCE)]
    for shape in shapes:
        assert name not in shape.read()
    prod.sql(SHARED, f"INSERT INTO uk_lrt (name) VALUES ('{name}')")
    for shape in shapes:
        eventually(partial(shape.delivers, name))
    assert prod.sql(SHARED, f"SELECT count(*) FROM items WHERE key = '{name}'") == "1", "compliance's trigger"
    slots = "SELECT string_agg(slot_name || ' ' || database, ', ' ORDER BY slot_name) FROM pg_replication_slots"
    assert prod.sql("postgres", slots) == f"electric_slot_compliance {SHARED}, electric_slot_legal {SHARED}"


def test_enforcement_has_the_extension_that_only_a_superuser_may_create(prod: Real) -> None:
    assert prod.sql("ehs_enforcement_prod", "SELECT count(*) > 0 FROM pg_stat_statements") == "t"


def test_each_foreign_application_answers_at_its_own_site(prod: Real) -> None:
    for site in prod.block("sites").values():
        assert "<title>foreign</title>" in prod.get(site["domain"], "/").text
        headers = prod.get(site["domain"], "/headers").json()
        assert (headers["x-forwarded-host"], headers["x-forwarded-proto"]) == (site["domain"], "https")
    with prod.client(BASEROW) as client:
        assert client.post("/upload", content=b"x" * (60 << 20)).json() == {"bytes": 60 << 20}


@dataclass(frozen=True)
class Outcome:
    """What clients saw during the releases."""

    releases: int
    requests: Watching
    words: Words
    events: Events


@pytest.fixture(scope="module", params=[2, pytest.param(10, marks=pytest.mark.faults)])
def released(prod: Real, request: pytest.FixtureRequest) -> Outcome:
    """Releases of auth and hub in turn, the first one together with compliance, whose events are followed."""
    releases: int = request.param
    for part in ("auth/app", "hub/app", "hub/frontend"):
        prod.project.change(f"services/{part}/drain_s", 1)
    with (
        Watching(prod, BASEROW, "/headers") as requests,
        Words(prod, BASEROW) as words,
        Events(prod, COMPLIANCE) as events,
    ):
        eventually(lambda: events.delays_s)
        for number in range(releases):
            services = ["auth" if number % 2 else "hub", *(["compliance"] if number == 0 else [])]
            before = {service: prod.container(service, "app") for service in services}
            for service in services:
                prod.project.change(f"services/{service}/app/restart_generation", 10 * releases + number)
            prod.up()
            assert not [service for service, container in before.items() if prod.container(service, "app") == container]
    return Outcome(releases, requests, words, events)


def test_releases_of_its_neighbours_lose_no_request_of_a_foreign_application(released: Outcome) -> None:
    assert not released.requests.failed, released.requests.failed[:5]
    assert released.requests.answered > 50 * released.releases


def test_its_websocket_loses_no_word_and_is_closed_after_the_promised_time_at_the_earliest(released: Outcome) -> None:
    assert not released.words.failed, released.words.failed[:5]
    assert released.words.answered > 10 * released.releases
    assert all(seconds >= KEPT_S for seconds in released.words.closed_after_s), released.words.closed_after_s


def test_events_arrive_one_by_one_and_no_stream_is_cut_by_a_release_of_its_own_app_or_of_others(
    released: Outcome,
) -> None:
    assert not released.events.failed, released.events.failed[:5]
    assert released.events.whole > 0
    # A buffer of the gateway would hold small events until the stream's end.
    assert statistics.median(released.events.delays_s) < 1
    assert max(released.events.delays_s) < 15


def test_down_leaves_the_foreign_applications_running(prod: Real, released: Outcome) -> None:
    down = prod.project.cli("down", "--yes")
    assert down.ok, down.text
    left = prod.on_host("docker ps --format {{.Names}}").split()
    assert set(left) == {site["container"] for site in prod.block("sites").values()}
