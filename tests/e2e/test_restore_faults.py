"""Dumps that cannot be restored, and accidents during a restore: the database is unchanged, to the last byte."""

import re
from collections.abc import Callable

import pytest

from .dumps import Dev, as_app, ask_for, checksum, dev
from .foundation import own
from .laws import LEGAL
from .platform import Platform
from .runner import Run

__all__ = ["dev"]
pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.one_runner, pytest.mark.faults]
HOST = "legal.localhost"
ODD = 'CREATE TABLE "Odd ""Name""; --" (id int PRIMARY KEY, "select" text, "a,b" text, "Upper Case" text)'
CIRCLE = (
    "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);"
    "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b"
)
LIKE_SQL = [r"\.", "COPY uk_lrt (id) FROM stdin;", "'); DROP TABLE items; --", r"\connect postgres", "a\nb\tc\\", ""]


def refused(platform: Platform, *words: str) -> Run:
    """Fails twice, with this message, and stops, changes and shows nothing that the user must not see."""
    before, ids = checksum(platform), platform.ids()
    started = [container.attrs["State"]["StartedAt"] for container in platform.containers(service="legal")]
    for _ in range(2):
        bad = platform.up()
        assert not bad.ok
        for word in words:
            assert word in bad.error, bad.error
        assert "Traceback" not in bad.error
        assert (checksum(platform), platform.ids()) == (before, ids)
    now = [container.attrs["State"]["StartedAt"] for container in platform.containers(service="legal")]
    assert now == started, "it was seen before anything was stopped"
    assert platform.get(HOST, "/health").status_code == 200
    return bad


def goes_in(platform: Platform) -> None:
    done = platform.up()
    assert done.ok, done.error
    assert platform.get(HOST, "/health").status_code == 200


def test_another_databases_dump(platform: Platform, dev: Dev) -> None:
    dev.sql("DROP TABLE uk_lrt; CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)")
    dev.sql("INSERT INTO schema_migrations VALUES (20990101000000)")
    ask_for(platform, dev.dump())
    refused(
        platform,
        "services/legal/restore/dump: its database has run migrations that have not run here: 20990101000000",
        "or is it the dump of another database, legal_dev?",
        " orders |        | the table is only in the dump |",
    )


def test_a_dump_that_is_cut_short_anywhere(platform: Platform, dev: Dev) -> None:
    dev.laws(500)
    dump = platform.folder / dev.dump()
    whole = dump.read_bytes()
    for tenth in range(10):
        dump.write_bytes(whole[: len(whole) * tenth // 10 + (tenth == 9) * (len(whole) // 10 - 1)])
        ask_for(platform, "dumps/legal.dump")
        words = "is cut short: copy or make it again" if tenth else "is empty"
        before = checksum(platform)
        bad = platform.up()
        assert not bad.ok
        assert f"services/legal/restore/dump: dumps/legal.dump {words}" in bad.error, (tenth, bad.error)
        assert checksum(platform) == before
    dump.write_bytes(whole)
    goes_in(platform)


def _later(dump: bytes) -> bytes:
    """As a later pg_dump would make it."""
    _, made_by = [found.start() for found in re.finditer(rb"17\.\d+ \(", dump)]
    return dump[:made_by] + b"99" + dump[made_by + 2 :]


def _unknown(dump: bytes) -> bytes:
    return dump[:6] + b"\x63" + dump[7:]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(_later, "was made by pg_dump 99, and PostgreSQL is 17 here", id="newer pg_dump"),
        pytest.param(_unknown, "has archive version 1.99", id="unknown format"),
        pytest.param(lambda dump: dump[:-9] + bytes(9), "is damaged", id="damaged"),
        pytest.param(lambda _: b"-- PostgreSQL database dump\n", "is it plain SQL?", id="plain SQL"),
    ],
)
def test_a_file_that_is_no_dump_for_this_server(
    platform: Platform, dev: Dev, spoil: Callable[[bytes], bytes], words: str
) -> None:
    dev.laws(5)
    dump = platform.folder / dev.dump()
    dump.write_bytes(spoil(dump.read_bytes()))
    ask_for(platform, "dumps/legal.dump")
    refused(platform, words)


def test_a_directory_and_a_missing_file(platform: Platform, dev: Dev) -> None:
    dev.dump()
    ask_for(platform, "dumps")
    refused(platform, "services/legal/restore/dump: dumps is a directory: make it with `./sertantai dump`")
    ask_for(platform, "dumps/other.dump")
    refused(platform, "services/legal/restore/dump: there is no file dumps/other.dump")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        pytest.param("ADD legacy text", " uk_lrt | legacy | only in the dump ", id="too many"),
        pytest.param("DROP name CASCADE", " uk_lrt | name   | only here, NOT NULL without a default ", id="too few"),
        pytest.param("RENAME title TO heading", " uk_lrt | heading | only in the dump ", id="renamed"),
        pytest.param(
            "DROP search, ADD search text", " uk_lrt | search | is generated here, plain in the dump ", id="generated"
        ),
    ],
)
def test_columns_that_do_not_fit(platform: Platform, dev: Dev, change: str, line: str) -> None:
    dev.laws(3)
    dev.sql(f"ALTER TABLE uk_lrt {change}")
    ask_for(platform, dev.dump())
    refused(platform, "services/legal/restore/dump: does not fit sertantai_legal_local:", line)


def test_a_dump_with_fewer_rows_than_expected(platform: Platform, dev: Dev) -> None:
    dev.laws(3)
    ask_for(platform, dev.dump(), expect={"uk_lrt": 19318, "old": 1})
    refused(
        platform,
        "services/legal/restore/expect/uk_lrt: 19,318 rows are expected and the dump has 3",
        "services/legal/restore/expect/old: is not among the dump's tables",
    )


def test_tables_with_rows_are_replaced_only_with_replace(platform: Platform, dev: Dev) -> None:
    dev.laws(4)
    platform.sql("INSERT INTO uk_lrt (name) VALUES ('old')", LEGAL)
    ask_for(platform, dev.dump())
    refused(platform, "services/legal/restore/dump: uk_lrt is not empty here: `replace: true`")
    ask_for(platform, "dumps/legal.dump", replace=True)
    shown = platform.run("preview")
    assert shown.ok, shown.error
    assert "replace deletes the rows of uk_lrt; they are dumped first" in shown.said
    goes_in(platform)
    assert checksum(platform) == checksum(platform, "legal_dev")


def test_names_with_spaces_quotes_and_capitals(platform: Platform, dev: Dev) -> None:
    as_app(platform, ODD)
    try:
        dev.sql(ODD)
        dev.sql("""INSERT INTO "Odd ""Name""; --" VALUES (1, 'x', 'y', 'z'), (2, NULL, '', E'\\t')""")
        ask_for(platform, dev.dump())
        goes_in(platform)
        assert checksum(platform) == checksum(platform, "legal_dev")
    finally:
        platform.sql('DROP TABLE "Odd ""Name""; --"', LEGAL)


def test_rows_that_look_like_sql(platform: Platform, dev: Dev) -> None:
    for row in LIKE_SQL:
        dev.sql(f"INSERT INTO uk_lrt (name, title) VALUES ($a${row}$a$, $a$\n{row}\n\\.\n$a$)")
    ask_for(platform, dev.dump(), expect={"uk_lrt": len(LIKE_SQL)})
    goes_in(platform)
    assert checksum(platform) == checksum(platform, "legal_dev")


def test_circular_foreign_keys(platform: Platform, dev: Dev) -> None:
    as_app(platform, CIRCLE)
    try:
        dev.sql(CIRCLE)
        dev.sql("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1); UPDATE a SET b = 1")
        ask_for(platform, dev.dump())
        before = checksum(platform)
        bad = platform.up()
        assert not bad.ok
        assert "violates foreign key constraint" in bad.error
        assert "services/legal/restore/disable_triggers: true loads rows without" in bad.error
        assert checksum(platform) == before
        ask_for(platform, "dumps/legal.dump", disable_triggers=True)
        goes_in(platform)
        assert checksum(platform) == checksum(platform, "legal_dev")
    finally:
        platform.sql("DROP TABLE a, b CASCADE", LEGAL)


def test_tables_with_triggers_need_disable_triggers(platform: Platform, dev: Dev) -> None:
    """pg_restore empties search_path, so this trigger finds no table."""
    body = "BEGIN PERFORM count(*) FROM items; NEW.title := 'by a trigger'; RETURN NEW; END"
    as_app(
        platform,
        f"CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$;"
        "CREATE TRIGGER fill BEFORE INSERT ON uk_lrt FOR EACH ROW EXECUTE FUNCTION fill()",
    )
    try:
        dev.laws(3)
        ask_for(platform, dev.dump())
        words = "services/legal/restore/disable_triggers: must be true, since uk_lrt has triggers (fill)"
        shown = platform.run("preview")
        assert not shown.ok
        assert words in shown.error + shown.said
        refused(platform, words)
        ask_for(platform, "dumps/legal.dump", disable_triggers=True)
        goes_in(platform)
        assert checksum(platform) == checksum(platform, "legal_dev")
        platform.sql("INSERT INTO uk_lrt (name) VALUES ('new')", LEGAL)
        assert platform.sql("SELECT title FROM uk_lrt WHERE name = 'new'", LEGAL) == "by a trigger"
    finally:
        platform.sql("DROP FUNCTION fill CASCADE", LEGAL)


def test_a_table_that_does_not_belong_to_the_app(platform: Platform, dev: Dev) -> None:
    dev.laws(3)
    ask_for(platform, dev.dump())
    platform.sql("CREATE TABLE by_hand (id int)", LEGAL)
    try:
        refused(platform, f"services/legal/restore: by_hand belongs to postgres, and a restore runs as {LEGAL}_owner")
    finally:
        platform.sql("DROP TABLE by_hand", LEGAL)
    goes_in(platform)


def test_a_newer_container_that_does_not_serve_is_stopped_and_not_started_again(platform: Platform, dev: Dev) -> None:
    """As a killed release leaves it: it can write, and receives no requests."""
    dev.laws(3)
    ask_for(platform, dev.dump())
    [serving] = platform.containers(service="legal", part="app")
    labels = {name: serving.labels[name] for name in serving.labels if name.startswith("sertantai.")}
    image, network = serving.attrs["Config"]["Image"], next(iter(serving.attrs["NetworkSettings"]["Networks"]))
    left = platform.docker.containers.run(
        image, entrypoint=["sleep", "600"], labels=labels, network=network, name="legal-app-left", detach=True
    )
    try:
        goes_in(platform)
        serving.reload()
        left.reload()
        assert (serving.status, left.status) == ("running", "exited")
        assert checksum(platform) == checksum(platform, "legal_dev")
    finally:
        left.remove(force=True)


def test_jobs_and_migrations_do_not_change(platform: Platform, dev: Dev) -> None:
    jobs = "CREATE TABLE oban_jobs (id bigserial PRIMARY KEY, worker text)"
    as_app(platform, f"{jobs}; INSERT INTO oban_jobs (worker) VALUES ('own')")
    try:
        dev.sql(f"{jobs}; INSERT INTO oban_jobs (worker) VALUES ('a'), ('b'), ('c')")
        dev.laws(2)
        ask_for(platform, dev.dump())
        goes_in(platform)
        assert platform.sql("SELECT worker, nextval('oban_jobs_id_seq') FROM oban_jobs", LEGAL) == "own|2"
        assert platform.sql("SELECT count(*) FROM uk_lrt", LEGAL) == "2"
    finally:
        platform.sql("DROP TABLE oban_jobs", LEGAL)


def test_a_failure_after_the_last_row_leaves_sequences_and_views_as_they_were(platform: Platform, dev: Dev) -> None:
    """A rollback does not undo `setval`."""
    few = "SELECT count(*) / (CASE WHEN count(*) > 3 THEN 0 ELSE 1 END) AS laws FROM uk_lrt"
    platform.sql(f"INSERT INTO items (key) SELECT g::text FROM generate_series(1, 50) g; {few}", LEGAL)
    as_app(platform, f"CREATE MATERIALIZED VIEW few AS {few}")
    try:
        dev.laws(4)
        dev.sql("INSERT INTO items (key) VALUES ('one')")
        ask_for(platform, dev.dump(), replace=True)
        before = checksum(platform)
        bad = platform.up()
        assert not bad.ok
        assert "division by zero" in bad.error
        assert checksum(platform) == before
        assert platform.sql("SELECT nextval('items_id_seq')", LEGAL) == "51"
        few = "CREATE MATERIALIZED VIEW few AS SELECT count(*) AS laws FROM uk_lrt"
        as_app(platform, f"DROP MATERIALIZED VIEW few; {few}")
        goes_in(platform)
        assert platform.sql("SELECT laws FROM few", LEGAL) == "4"
        assert platform.sql("SELECT nextval('items_id_seq')", LEGAL) == "2"
    finally:
        platform.sql("DROP MATERIALIZED VIEW IF EXISTS few", LEGAL)


def test_a_refused_row_is_never_shown(platform: Platform, dev: Dev) -> None:
    """Neither in the output of `up` nor in the server's log."""
    platform.sql("ALTER TABLE uk_lrt ADD more jsonb", LEGAL)
    try:
        dev.sql("ALTER TABLE uk_lrt ADD more text")
        dev.sql("""INSERT INTO uk_lrt (name, more) VALUES ('private name', E'{"private": "value "of\\nsomebody"}')""")
        ask_for(platform, dev.dump())
        before = checksum(platform)
        bad = platform.up()
        assert not bad.ok
        assert "ERROR:  invalid input syntax for type json" in bad.error
        assert "CONTEXT:  COPY uk_lrt, line 1, column more" in bad.error
        assert checksum(platform) == before
        log = own(platform, "postgres").logs(tail=300).decode()
        assert "private" not in bad.error + bad.said + log
    finally:
        platform.sql("ALTER TABLE uk_lrt DROP more", LEGAL)
