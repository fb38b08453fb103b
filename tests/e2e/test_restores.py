"""Data from a dump: shown first, restored once, whole or not at all, and seen by Electric's clients at once."""

import pytest

from local import images
from tests.electric.client import MISSING

from .dumps import ON_HOST, Dev, ask_for, checksum, dev
from .laws import LEGAL, follow, has_exactly, table
from .platform import REGISTRY, Platform
from .watching import Watching

__all__ = ["dev"]
pytestmark = [pytest.mark.e2e, pytest.mark.docker]
HOST = "legal.localhost"


def test_a_dump_is_shown_at_preview_then_restored_once(platform: Platform, dev: Dev) -> None:
    dev.laws(300)
    dev.sql("INSERT INTO items (key, body) VALUES ('a', 'one'), ('b', NULL)")
    ask_for(platform, dev.dump(), expect={"uk_lrt": 300})
    before = checksum(platform)

    shown = platform.run("preview")
    assert shown.ok, shown.error
    assert shown.changes["create"] == ["legal-restore"]
    assert "legal/restore: 302 rows of 2 tables from dumps/legal.dump go into sertantai_legal_local, once" in shown.said
    assert checksum(platform) == before

    done = platform.up()
    assert done.ok, done.error
    assert done.touched() == {"legal-restore"}
    assert checksum(platform) == checksum(platform, "legal_dev")
    assert platform.get(HOST, "/api/items").json()[0]["key"] == "b"
    assert platform.sql("SELECT nextval('items_id_seq')", LEGAL) == "3", "the sequence continues"

    after = checksum(platform)
    for verb in ("up", "preview"):
        again = platform.run(verb)
        assert again.ok, again.error
        assert not again.touched(), verb
    assert checksum(platform) == after
    assert [path.name for path in ON_HOST.iterdir()] == ["legal-before.dump"], "the dump itself is gone from the host"


def test_a_lost_state_or_a_new_laptop_does_not_restore_it_again(platform: Platform, dev: Dev) -> None:
    dev.laws(5)
    dump = dev.dump()
    ask_for(platform, dump)
    assert platform.up().ok
    platform.sql("DELETE FROM uk_lrt WHERE name = 'law 1'", LEGAL)
    after = checksum(platform)

    ask_for(platform, dump, expect={"uk_lrt": 5})  # a step that has to run again, as after a lost state
    again = platform.up()
    assert again.ok, again.error
    assert "legal-restore" in again.touched()
    assert checksum(platform) == after

    (platform.folder / dump).unlink()
    gone = platform.up()
    assert gone.ok, gone.error
    assert not gone.touched(), "it is enough that PostgreSQL knows of it"
    assert checksum(platform) == after


def test_a_release_runs_the_migration_that_a_dump_waits_for(platform: Platform, dev: Dev) -> None:
    change = "alter table uk_lrt add column citation text"
    registry, token = platform.config["sertantai:registry"], platform.config["sertantai:registry_token"]
    image = images.build("app", "cited", REGISTRY, registry["username"], token, MIGRATION=change)
    dev.sql(change)
    dev.sql("INSERT INTO schema_migrations VALUES (20240103000000, now())")
    dev.sql("INSERT INTO uk_lrt (name, citation) VALUES ('a', 'c. 1')")
    ask_for(platform, dev.dump())
    try:
        early = platform.up()
        assert not early.ok
        assert (
            "its database has run migrations that have not run here: 20240103000000: release the image" in early.error
        )
        platform.services["legal"]["app"]["image"] = image
        shown = platform.run("preview")
        assert shown.ok, shown.error
        assert "services/legal/restore: waits for migrations that have not run here yet: 20240103000000" in shown.said
        done = platform.up()
        assert done.ok, done.error
        assert platform.sql("SELECT citation FROM uk_lrt", LEGAL) == "c. 1"
    finally:
        platform.sql("ALTER TABLE uk_lrt DROP COLUMN IF EXISTS citation", LEGAL)
        platform.sql("DELETE FROM schema_migrations WHERE version = 20240103000000", LEGAL)


def test_differences_are_a_table_at_preview_and_nothing_changes(platform: Platform, dev: Dev) -> None:
    dev.laws(3)
    dev.sql("ALTER TABLE uk_lrt ADD legacy_code text")
    dev.sql("ALTER TABLE uk_lrt RENAME title TO heading")
    ask_for(platform, dev.dump())
    before, ids = checksum(platform), platform.ids()
    lines = [
        "services/legal/restore/dump: does not fit sertantai_legal_local:",
        " uk_lrt | heading     | only in the dump | a migration that adds it, on dev first; or drop it there",
        " uk_lrt | legacy_code | only in the dump | a migration that adds it, on dev first; or drop it there",
    ]
    for verb in ("preview", "up", "up"):
        with Watching(platform, HOST, posts=False) as watching:
            bad = platform.run(verb)
        assert not bad.ok
        for line in lines:
            assert line in bad.error + bad.said, (verb, bad.error)
        assert "Traceback" not in bad.error
        assert not watching.failed
        assert (checksum(platform), platform.ids()) == (before, ids)


@pytest.mark.one_runner
def test_a_dump_that_fails_in_the_middle_is_rolled_back_and_everything_serves_again(
    platform: Platform, dev: Dev
) -> None:
    dev.sql("ALTER TABLE uk_lrt ALTER year TYPE text")
    dev.laws(50)
    dev.sql("INSERT INTO uk_lrt (name, year) VALUES ('law 51', 'secret-of-somebody')")
    ask_for(platform, dev.dump())
    before, ids = checksum(platform), platform.ids()
    for _ in range(2):
        bad = platform.up()
        assert not bad.ok
        assert "invalid input syntax for type integer" in bad.error
        assert "COPY uk_lrt, line 51, column year" in bad.error
        assert "secret-of-somebody" not in bad.error + bad.said, "no row of anybody's is shown"
        assert "the dump was not restored, and nothing was changed; what served before serves again" in bad.error
        assert (checksum(platform), platform.ids()) == (before, ids)
        assert platform.get(HOST, "/health").status_code == 200


@pytest.mark.one_runner
@pytest.mark.skipif(MISSING is not None, reason=f"{MISSING}: Electric's client needs it")
@pytest.mark.usefixtures("laws")
def test_electrics_clients_see_the_new_rows_without_a_reload(platform: Platform, dev: Dev) -> None:
    dev.laws(200)
    ask_for(platform, dev.dump())
    with follow(platform) as client:
        done = platform.up()
        assert done.ok, done.error
        wanted = table(platform)
        assert len(wanted) == 200
        has_exactly(client, wanted)
        platform.sql("INSERT INTO uk_lrt (name) VALUES ('live')", LEGAL)
        has_exactly(client, table(platform))
        assert client.one.refetches >= 1


@pytest.mark.one_runner
def test_other_services_keep_answering_and_the_site_shows_the_notice(platform: Platform, dev: Dev) -> None:
    dev.laws(2000)
    ask_for(platform, dev.dump())
    with Watching(platform, "auth.localhost") as other, Watching(platform, HOST, "/", posts=False) as own:
        done = platform.up()
    assert done.ok, done.error
    assert not other.failed
    assert own.failed, "the restore takes some seconds"
    assert all("503" in failure for failure in own.failed), own.failed[:3]
    page = platform.get(HOST, "/")
    assert page.status_code == 200
