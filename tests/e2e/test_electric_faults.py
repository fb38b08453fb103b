"""Electric's client misses nothing and receives nothing twice, despite faults of Electric."""

import time

import pytest

from local import images
from tests.electric.client import Client
from tests.waiting import eventually

from .foundation import drop_slot
from .laws import (
    EITHER,
    FOLLOWED,
    LEGAL,
    LIVE_S,
    PUBLIC,
    electric,
    follow,
    has_exactly,
    insert,
    names,
    service_of,
    table,
)
from .platform import ELECTRIC_IMAGE, REGISTRY, Platform

pytestmark = FOLLOWED
LOCKED = (
    f"SELECT 1 FROM pg_locks JOIN pg_database ON oid = database WHERE locktype = 'advisory' AND datname = '{LEGAL}'"
)


@EITHER
def test_a_client_loses_and_repeats_nothing_during_a_cut_over(platform: Platform, url: str, database: str) -> None:
    service = service_of(url)
    with follow(platform, url) as client:
        insert(platform, names(5), database)
        client.wait("the first inserts", lambda one: len(one.rows) == 5, LIVE_S)
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
        assert client.one.refetches == 0


@pytest.mark.skipif(ELECTRIC_IMAGE is not None, reason="there is one image of the real Electric")
def test_another_image_of_electric_starts_with_empty_shapes_and_so_does_a_rollback(platform: Platform) -> None:
    block, registry = platform.services["legal"]["electric"], platform.config["sertantai:registry"]["username"]
    token = platform.config["sertantai:registry_token"]
    versions = images.build("electric", "newer", REGISTRY, registry, token), block["image"]
    insert(platform, names(5))
    with follow(platform) as client:
        for block["image"] in versions:
            before = client.one.refetches
            up = platform.up()
            assert up.ok, up.error
            insert(platform, names(5))
            client.wait("must fetch again", lambda one: one.refetches > before)  # noqa: B023 - called at once
            has_exactly(client, table(platform))
            assert client.one.refetches == before + 1
            folders = bytes(electric(platform).exec_run(["ls", "-A", "/var/lib/electric"]).output).split()  # type: ignore[arg-type]
            assert len(folders) == 1


def test_a_client_gets_rows_committed_while_electric_was_down(platform: Platform) -> None:
    with follow(platform) as client:
        handle = client.one.requests[-1]["handle"]
        container = electric(platform)
        insert(platform, names(5))
        client.wait("the first inserts", lambda one: len(one.rows) == 5, LIVE_S)
        # At once: the last rows are not confirmed to the slot yet, and are sent again.
        container.kill()
        insert(platform, names(20))
        eventually(lambda: not platform.sql(LOCKED))
        container.start()
        has_exactly(client, table(platform))
        # A poll that arrives before the new Electric has its lock gets 409, and fetches the whole shape again.
        assert client.one.refetches <= 1
        assert client.one.requests[-1]["handle"] == handle


def test_a_client_fetches_again_by_itself_after_the_slot_was_lost(platform: Platform) -> None:
    insert(platform, names(20))
    with follow(platform) as client:
        container = electric(platform)
        drop_slot(platform, container)
        insert(platform, names(5))
        platform.sql("DELETE FROM uk_lrt WHERE id IN (SELECT id FROM uk_lrt LIMIT 3)", LEGAL)
        container.start()
        client.wait("must fetch again", lambda one: one.refetches)
        has_exactly(client, table(platform))
        assert 409 in {request["status"] for request in client.one.requests}
        insert(platform, names(1))
        has_exactly(client, table(platform))


def test_a_client_with_a_lost_handle_fetches_again(platform: Platform) -> None:
    insert(platform, names(5))
    with Client(PUBLIC, platform.acme / "roots.pem", {}, handle="1-1", offset="0_0") as client:
        client.wait("up to date", lambda one: one.current)
        assert client.one.refetches == 1
        assert [request["status"] for request in client.one.requests][:2] == [409, 200]
        has_exactly(client, table(platform))


def test_a_table_that_was_altered_or_emptied_is_fetched_again(platform: Platform) -> None:
    insert(platform, names(5))
    with follow(platform) as client:
        platform.sql("TRUNCATE uk_lrt", LEGAL)
        client.wait("must fetch again", lambda one: one.refetches, LIVE_S)
        has_exactly(client, set())


@EITHER
def test_a_raised_cache_generation_makes_clients_fetch_again_by_themselves(
    platform: Platform, url: str, database: str
) -> None:
    service = service_of(url)
    with follow(platform, url) as client:
        insert(platform, names(5), database)
        client.wait("the inserts", lambda one: len(one.rows) == 5, LIVE_S)
        container = electric(platform, service)
        handle = client.one.requests[-1]["handle"]
        platform.services[service]["electric"]["cache_generation"] = 1
        up = platform.up()
        assert up.ok, up.error
        assert up.touched() == {f"{service}-preflight", f"{service}-cutover"}
        client.wait("a new handle", lambda one: one.refetches == 1)
        insert(platform, names(5), database)
        has_exactly(client, table(platform, database))
        assert client.one.requests[-1]["handle"] != handle
        assert client.one.refetches == 1
        assert electric(platform, service).id == container.id
