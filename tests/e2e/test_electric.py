"""Electric's own client follows shapes through the gateway."""

import json
import threading
import time
from typing import Any

import pytest

from tests.electric.client import Client, node

from .laws import (
    EITHER,
    ENFORCEMENT,
    FOLLOWED,
    LEGAL,
    LIVE_S,
    PUBLIC,
    THROUGH_APP,
    WHOLE,
    asks,
    electric,
    follow,
    has_exactly,
    insert,
    names,
    secret,
    seen,
    table,
)
from .platform import HTTPS, STACK, Platform

pytestmark = FOLLOWED


@EITHER
def test_the_first_answer_is_the_table(platform: Platform, url: str, database: str) -> None:
    insert(platform, names(50), database)
    with follow(platform, url) as client:
        has_exactly(client, table(platform, database))
        assert len(client.one.rows) == 50


@EITHER
def test_changes_arrive_live(platform: Platform, url: str, database: str) -> None:
    with follow(platform, url) as client:
        before = len(client.one.messages)
        insert(platform, ["first", "second"], database)
        client.wait(
            "the inserts", lambda one: {row["name"] for row in one.rows.values()} == {"first", "second"}, LIVE_S
        )
        platform.sql("UPDATE uk_lrt SET name = 'third', title = 'T' WHERE name = 'second'", database)
        client.wait("the update", lambda one: "third" in {row["name"] for row in one.rows.values()}, LIVE_S)
        platform.sql("DELETE FROM uk_lrt WHERE name = 'first'", database)
        client.wait("the delete", lambda one: len(one.rows) == 1, LIVE_S)
        has_exactly(client, table(platform, database))
        live = client.one.messages[before:]
        operations = [message["headers"].get("operation") for message in live]
        assert [word for word in operations if word] == ["insert", "insert", "update", "delete"]
        update = next(one for one in live if one["headers"].get("operation") == "update")
        assert set(update["value"]) == {"id", "name", "title"}
        assert update["headers"]["relation"] == ["public", "uk_lrt"]
        assert update["headers"]["txids"]


def test_a_change_reaches_every_client_of_a_shape(platform: Platform) -> None:
    client = Client(PUBLIC, platform.acme / "roots.pem", {}, streams=20)
    with client:
        client.wait("up to date", lambda one: one.current)
        insert(platform, names(3))
        wanted = table(platform)
        client.wait("the inserts", lambda one: seen(one) == wanted, LIVE_S)
        assert len({one.requests[-1]["handle"] for one in client.followers}) == 1


def test_only_rows_that_match_the_where_arrive(platform: Platform) -> None:
    insert(platform, ["a", "b"], ENFORCEMENT, year=1999)
    insert(platform, ["c", "d"], ENFORCEMENT, year=2001)
    params = {"1": "2000", "2": "d"}
    where = "year >= $1 AND name <> $2 AND title IS NULL"
    with follow(platform, THROUGH_APP, where=where, params=params) as client:
        assert {name for _, name in seen(client.one)} == {"c"}
        platform.sql("UPDATE uk_lrt SET year = 2000 WHERE name = 'a'", ENFORCEMENT)
        platform.sql("UPDATE uk_lrt SET year = 1990 WHERE name = 'c'", ENFORCEMENT)
        insert(platform, ["e"], ENFORCEMENT, year=1980)
        insert(platform, ["f"], ENFORCEMENT, year=2010)
        client.wait("the rows of the shape", lambda one: {name for _, name in seen(one)} == {"a", "f"}, LIVE_S)
        has_exactly(client, table(platform, ENFORCEMENT, "year >= 2000 AND name <> 'd' AND title IS NULL"))


def test_only_the_requested_columns_arrive(platform: Platform) -> None:
    insert(platform, ["a"], ENFORCEMENT)
    with follow(platform, THROUGH_APP, columns=["id", "name"]) as client:
        platform.sql("UPDATE uk_lrt SET title = 'unseen'", ENFORCEMENT)
        platform.sql("UPDATE uk_lrt SET name = 'b'", ENFORCEMENT)
        client.wait("the update", lambda one: {name for _, name in seen(one)} == {"b"}, LIVE_S)
        assert {tuple(row) for row in client.one.rows.values()} == {("id", "name")}


def test_a_clause_that_cannot_be_evaluated_is_refused_with_the_reason(platform: Platform) -> None:
    for clause in ("nothing = 1", "year = 1; drop table uk_lrt", "pg_sleep(1) is null", "year = 'x'"):
        asked = {**WHOLE, "columns": "id,name", "offset": "-1", "where": clause}
        answer = platform.get("enforcement.localhost", "/api/electric/v1/shape", params=asked)
        assert answer.status_code == 400, clause
        assert "where" in answer.json()["errors"]


def test_a_table_with_a_generated_column_is_refused_whole(platform: Platform) -> None:
    for asked in ({}, {"columns": "id,search"}):
        parameters = {"table": "uk_lrt", "offset": "-1", **asked}
        answer = platform.get("enforcement.localhost", "/api/electric/v1/shape", params=parameters)
        assert answer.status_code == 400
        assert "generated and cannot be included in the shape: search" in answer.json()["errors"]["columns"][0]


@EITHER
@pytest.mark.parametrize(
    "extra", [{"secret": "guess"}, {"api_secret": "guess"}, {"table": "items"}], ids=lambda one: next(iter(one))
)
def test_a_client_that_requests_more_than_it_may_is_refused(
    platform: Platform, url: str, database: str, extra: dict[str, str]
) -> None:
    with Client(url, platform.acme / "roots.pem", asks(url) | extra) as client:
        client.wait("refused", lambda one: one.errors)
        assert {request["status"] for request in client.one.requests} == {403}
        assert not client.one.rows


def test_electrics_secret_is_in_no_url_and_in_no_log_of_the_gateway(platform: Platform) -> None:
    gateway = platform.docker.containers.get(f"sertantai-{STACK}-nginx")
    for service, url, database in (("legal", PUBLIC, LEGAL), ("enforcement", THROUGH_APP, ENFORCEMENT)):
        hidden = secret(platform, service)
        with follow(platform, url) as client:
            insert(platform, ["seen"], database)
            client.wait("the insert", lambda one: one.rows, LIVE_S)
            electric(platform, service).stop(timeout=1)
            client.wait("an answer without Electric", lambda one: one.requests[-1]["status"] >= 500, LIVE_S)
            electric(platform, service).start()
            insert(platform, ["seen again"], database)
            client.wait("the insert after it came back", lambda one: len(one.rows) == 2)
            assert hidden not in json.dumps([client.one.requests, client.one.messages])
        assert hidden not in gateway.logs().decode()
        assert hidden not in "".join(container.logs().decode() for container in platform.containers(service=service))


def test_the_frontends_page_shows_the_rows_as_they_are_now(platform: Platform) -> None:
    insert(platform, ["old"])
    page = node(["page.mjs", f"https://legal.localhost:{HTTPS}/"], platform.acme / "roots.pem")
    shown: list[dict[str, Any]] = []
    reader = threading.Thread(target=lambda: shown.extend(map(json.loads, page.stdout or [])), daemon=True)
    reader.start()

    def shows(*wanted: str, within_s: float = LIVE_S) -> None:
        end = time.monotonic() + within_s
        while not shown or [row[1] for row in shown[-1]["rows"]] != list(wanted):
            assert time.monotonic() < end, shown[-1:]
            time.sleep(0.05)

    try:
        shows("old", within_s=60)
        insert(platform, ["new"])
        shows("new", "old")
        platform.sql("UPDATE uk_lrt SET name = 'newer' WHERE name = 'new'", LEGAL)
        shows("newer", "old")
        platform.sql("TRUNCATE uk_lrt", LEGAL)
        shows()
        insert(platform, ["again"])
        shows("again")
        assert shown[-1]["state"] == "1 law"
    finally:
        page.terminate()
        page.wait()
