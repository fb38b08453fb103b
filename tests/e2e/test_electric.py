"""Electric's own client follows shapes through the gateway, and misses nothing whatever happens to Electric."""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from docker.models.containers import Container

from tests.electric.client import MISSING, Client, Follower, install

from .platform import HTTPS, STACK, Platform

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.docker,
    pytest.mark.skipif(MISSING is not None, reason=f"{MISSING}: Electric's client needs it"),
]
LEGAL, ENFORCEMENT = "sertantai_legal_local", "sertantai_enforcement_local"
PUBLIC = f"https://legal.localhost:{HTTPS}/electric/v1/shape"
THROUGH_APP = f"https://enforcement.localhost:{HTTPS}/api/electric/v1/shape"
EITHER = pytest.mark.parametrize(
    ("url", "database"), [(PUBLIC, LEGAL), (THROUGH_APP, ENFORCEMENT)], ids=["public", "app"]
)


@pytest.fixture(autouse=True, scope="module")
def client_is_installed() -> None:
    install()


@pytest.fixture(autouse=True)
def emptied(platform: Platform) -> Iterator[None]:
    yield
    for database in (LEGAL, ENFORCEMENT):
        platform.sql("DELETE FROM uk_lrt", database)


def insert(platform: Platform, names: list[str], database: str = LEGAL, year: int = 2000) -> None:
    values = ", ".join(f"('{name}', {year})" for name in names)
    platform.sql(f"INSERT INTO uk_lrt (name, year) VALUES {values}", database)


def table(platform: Platform, database: str = LEGAL, where: str = "true") -> set[tuple[str, str]]:
    rows = platform.sql(f"SELECT id, name FROM uk_lrt WHERE {where}", database)
    return {(number, name) for number, name in (line.split("|") for line in rows.splitlines())}


def seen(follower: Follower) -> set[tuple[str, str]]:
    return {(row["id"], row["name"]) for row in follower.rows.values()}


def names(count: int) -> list[str]:
    return [f"law {uuid.uuid4()}" for _ in range(count)]


def follow(platform: Platform, url: str = PUBLIC, **params: Any) -> Client:
    """A client that has all there is so far."""
    client = Client(url, platform.acme / "roots.pem", {"table": "uk_lrt", **params})
    client.wait("up to date", lambda one: one.current)
    return client


def has_exactly(client: Client, wanted: set[tuple[str, str]]) -> None:
    client.wait("the same rows as the table", lambda one: one.current and seen(one) == wanted)
    assert not client.one.faults
    assert not client.one.errors


def refetches(follower: Follower) -> int:
    return sum(message["headers"].get("control") == "must-refetch" for message in follower.messages)


def electric(platform: Platform, service: str = "legal") -> Container:
    [container] = platform.containers(service=service, part="electric")
    return container


def secret(platform: Platform, service: str) -> str:
    entries = electric(platform, service).attrs["Config"]["Env"]
    return next(str(entry).partition("=")[2] for entry in entries if entry.startswith("ELECTRIC_SECRET="))


@EITHER
def test_the_first_answer_is_the_table(platform: Platform, url: str, database: str) -> None:
    insert(platform, names(50), database)
    with follow(platform, url) as client:
        has_exactly(client, table(platform, database))
        assert len(client.one.rows) == 50


@EITHER
def test_changes_arrive_live(platform: Platform, url: str, database: str) -> None:
    with follow(platform, url) as client:
        insert(platform, ["first", "second"], database)
        client.wait("the inserts", lambda one: {row["name"] for row in one.rows.values()} == {"first", "second"}, 3)
        platform.sql("UPDATE uk_lrt SET name = 'third', title = 'T' WHERE name = 'second'", database)
        client.wait("the update", lambda one: "third" in {row["name"] for row in one.rows.values()}, 3)
        platform.sql("DELETE FROM uk_lrt WHERE name = 'first'", database)
        client.wait("the delete", lambda one: len(one.rows) == 1, 3)
        has_exactly(client, table(platform, database))
        operations = [message["headers"].get("operation") for message in client.one.messages]
        assert [word for word in operations if word] == ["insert", "insert", "update", "delete"]
        update = next(one for one in client.one.messages if one["headers"].get("operation") == "update")
        assert set(update["value"]) == {"id", "name", "title"}
        assert update["headers"]["relation"] == ["public", "uk_lrt"]
        assert update["headers"]["txids"]


def test_a_change_reaches_every_client_of_a_shape(platform: Platform) -> None:
    client = Client(PUBLIC, platform.acme / "roots.pem", {"table": "uk_lrt"}, streams=20)
    with client:
        client.wait("up to date", lambda one: one.current)
        insert(platform, names(3))
        wanted = table(platform)
        client.wait("the inserts", lambda one: seen(one) == wanted, 5)
        assert len({one.requests[-1]["handle"] for one in client.followers}) == 1


def test_only_rows_that_the_where_takes_arrive(platform: Platform) -> None:
    insert(platform, ["a", "b"], year=1999)
    insert(platform, ["c", "d"], year=2001)
    params = {"1": "2000", "2": "d"}
    with follow(platform, where="year >= $1 AND name <> $2 AND title IS NULL", params=params) as client:
        assert {name for _, name in seen(client.one)} == {"c"}
        platform.sql("UPDATE uk_lrt SET year = 2000 WHERE name = 'a'", LEGAL)
        platform.sql("UPDATE uk_lrt SET year = 1990 WHERE name = 'c'", LEGAL)
        insert(platform, ["e"], year=1980)
        insert(platform, ["f"], year=2010)
        client.wait("the rows of the shape", lambda one: {name for _, name in seen(one)} == {"a", "f"}, 5)
        has_exactly(client, table(platform, where="year >= 2000 AND name <> 'd' AND title IS NULL"))


def test_only_the_columns_that_were_asked_for_arrive(platform: Platform) -> None:
    insert(platform, ["a"])
    with follow(platform, columns=["id", "name"]) as client:
        platform.sql("UPDATE uk_lrt SET title = 'unseen'", LEGAL)
        platform.sql("UPDATE uk_lrt SET name = 'b'", LEGAL)
        client.wait("the update", lambda one: {name for _, name in seen(one)} == {"b"}, 5)
        assert {tuple(row) for row in client.one.rows.values()} == {("id", "name")}


def test_a_clause_that_cannot_be_judged_is_refused_with_the_reason(platform: Platform) -> None:
    for clause in ("nothing = 1", "year = 1; drop table uk_lrt", "pg_sleep(1) is null", "year = 'x'"):
        answer = platform.get(
            "legal.localhost", "/electric/v1/shape", params={"table": "uk_lrt", "offset": "-1", "where": clause}
        )
        assert answer.status_code == 400, clause
        assert "where" in answer.json()["errors"]


@EITHER
@pytest.mark.parametrize(
    "extra", [{"secret": "guess"}, {"api_secret": "guess"}, {"table": "items"}], ids=lambda one: next(iter(one))
)
def test_a_client_that_asks_for_more_than_it_may_is_refused(
    platform: Platform, url: str, database: str, extra: dict[str, str]
) -> None:
    with Client(url, platform.acme / "roots.pem", {"table": "uk_lrt", **extra}) as client:
        client.wait("refused", lambda one: one.errors, 10)
        assert {request["status"] for request in client.one.requests} == {403}
        assert not client.one.rows


def test_electrics_secret_is_in_no_url_and_in_no_log_of_the_gateway(platform: Platform) -> None:
    gateway = platform.docker.containers.get(f"sertantai-{STACK}-nginx")
    for service, url, database in (("legal", PUBLIC, LEGAL), ("enforcement", THROUGH_APP, ENFORCEMENT)):
        hidden = secret(platform, service)
        with follow(platform, url) as client:
            insert(platform, ["seen"], database)
            client.wait("the insert", lambda one: one.rows, 5)
            electric(platform, service).stop()
            client.wait("an answer without Electric", lambda one: one.requests[-1]["status"] >= 500, 10)
            electric(platform, service).start()
            insert(platform, ["seen again"], database)
            client.wait("the insert after it came back", lambda one: len(one.rows) == 2)
            assert hidden not in json.dumps([client.one.requests, client.one.messages])
        assert hidden not in gateway.logs().decode()
        assert hidden not in "".join(container.logs().decode() for container in platform.containers(service=service))


@EITHER
def test_a_client_loses_and_repeats_nothing_while_electric_changes_over(
    platform: Platform, url: str, database: str
) -> None:
    service = "legal" if url == PUBLIC else "enforcement"
    with follow(platform, url) as client:
        insert(platform, names(5), database)
        client.wait("the first inserts", lambda one: len(one.rows) == 5, 5)
        before = electric(platform, service).id
        platform.services[service]["electric"]["restart_generation"] = 1
        platform.write()
        process = platform.begin()
        made = 5
        while process.poll() is None:
            insert(platform, names(1), database)
            made += 1
            time.sleep(0.2)
        up = platform.runner.ended(process)
        assert up.ok, up.error
        assert electric(platform, service).id != before
        insert(platform, names(5), database)
        has_exactly(client, table(platform, database))
        assert len(client.one.rows) == made + 5
        assert refetches(client.one) == 0


def test_a_client_gets_what_was_committed_while_electric_was_down(platform: Platform) -> None:
    with follow(platform) as client:
        handle = client.one.requests[-1]["handle"]
        container = electric(platform)
        container.kill()
        insert(platform, names(20))
        container.start()
        has_exactly(client, table(platform))
        assert refetches(client.one) == 0
        assert client.one.requests[-1]["handle"] == handle


def test_a_client_fetches_anew_by_itself_when_the_slot_was_lost(platform: Platform) -> None:
    insert(platform, names(20))
    with follow(platform) as client:
        container = electric(platform)
        container.stop()
        platform.sql("SELECT pg_drop_replication_slot('electric_slot_legal')")
        insert(platform, names(5))
        platform.sql("DELETE FROM uk_lrt WHERE id IN (SELECT id FROM uk_lrt LIMIT 3)", LEGAL)
        container.start()
        client.wait("told to fetch anew", refetches)
        has_exactly(client, table(platform))
        assert 409 in {request["status"] for request in client.one.requests}
        insert(platform, names(1))
        has_exactly(client, table(platform))


def test_a_client_with_a_handle_that_is_lost_starts_anew(platform: Platform) -> None:
    insert(platform, names(5))
    with Client(PUBLIC, platform.acme / "roots.pem", {"table": "uk_lrt"}, handle="1-1", offset="0_0") as client:
        client.wait("up to date", lambda one: one.current)
        assert refetches(client.one) == 1
        assert [request["status"] for request in client.one.requests][:2] == [409, 200]
        has_exactly(client, table(platform))


def test_a_table_that_changed_or_was_emptied_is_fetched_anew(platform: Platform) -> None:
    insert(platform, names(5))
    with follow(platform) as client:
        platform.sql("TRUNCATE uk_lrt", LEGAL)
        client.wait("told to fetch anew", refetches, 5)
        has_exactly(client, set())
