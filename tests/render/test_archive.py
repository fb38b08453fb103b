"""The content of a dump in the custom format, compared with the output of PostgreSQL's own tools."""

import io
import re
import subprocess
from collections.abc import Iterator

import pytest

from render.archive import EXCLUDED_TABLES, Archive, Table, read
from render.archive_format import END, Unreadable
from tests.throwaway.cluster import by_hand

pytestmark = pytest.mark.docker
TABLES = r"""
CREATE TABLE schema_migrations (version bigint PRIMARY KEY, inserted_at timestamp);
INSERT INTO schema_migrations VALUES (20240102000000, now()), (20240101000000, now());
CREATE TABLE laws (id serial PRIMARY KEY, name text, lowered text GENERATED ALWAYS AS (lower(name)) STORED);
INSERT INTO laws (name) SELECT E'COPY x (a) FROM stdin;\n\\.\n' || g || E'\t\\' FROM generate_series(1, 3000) g;
CREATE TABLE "Odd "" Name" (id int, "select" text, "a,b" text, "x) FROM stdin;" text, "é" int);
INSERT INTO "Odd "" Name" VALUES (1, E'\\.', 'b', 'c', 2), (2, NULL, E'a\tb', '', 3);
CREATE SCHEMA "Other.One"; CREATE TABLE "Other.One".t (a int); INSERT INTO "Other.One".t VALUES (1);
CREATE TABLE nobody (a int);
CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES;
CREATE TABLE oban_jobs (id int); INSERT INTO oban_jobs VALUES (1);
CREATE TABLE short (word text); INSERT INTO short VALUES ('ab'), ('cd');
"""


@pytest.fixture(scope="module")
def source(cluster: str) -> Iterator[str]:
    by_hand(cluster, "CREATE DATABASE trial_archive")
    by_hand(cluster, TABLES, "trial_archive")
    yield "trial_archive"
    by_hand(cluster, "DROP DATABASE trial_archive")


def dumped(cluster: str, source: str, *options: str) -> bytes:
    command = ["docker", "exec", cluster, "pg_dump", "-U", "postgres", "-Fc", *options, source]
    return subprocess.run(command, capture_output=True, check=True).stdout


def looked_into(dump: bytes) -> Archive:
    return read(io.BytesIO(dump))


def by_pg_restore(cluster: str, dump: bytes) -> list[tuple[str, int]]:
    """Returns each table's COPY line as PostgreSQL prints it, and its rows."""
    command = ["docker", "exec", "-i", cluster, "pg_restore", "-a", "-f", "-"]
    lines = iter(subprocess.run(command, input=dump, capture_output=True, check=True).stdout.decode().split("\n"))
    found = []
    for line in lines:
        if line.startswith("COPY "):
            found.append((line, sum(1 for _ in iter(lines.__next__, r"\."))))
    return found


def as_copy(table: Table) -> str:
    def quoted(name: str) -> str:
        plain = re.fullmatch(r"[a-z_]\w*", name, re.ASCII) and name != "select"
        return name if plain else '"' + name.replace('"', '""') + '"'

    columns = f"({', '.join(map(quoted, table.columns))})" if table.columns else ""
    return f"COPY {quoted(table.schema)}.{quoted(table.name)} {columns} FROM stdin;"


@pytest.mark.parametrize("options", [[], ["--data-only"], ["--compress=0"], ["--compress=9"]], ids=" ".join)
def test_tables_columns_and_rows_are_those_that_postgresql_reports(
    cluster: str, source: str, options: list[str]
) -> None:
    dump = dumped(cluster, source, *options)
    found = looked_into(dump)
    assert sorted((as_copy(table), table.rows) for table in found.tables) == sorted(by_pg_restore(cluster, dump))
    assert found.database == source
    assert found.versions == ["20240101000000", "20240102000000"]
    assert found.server.startswith("17.")
    assert found.dumper.startswith("17.")


def test_tables_that_belong_to_one_database_alone_are_not_restored(cluster: str, source: str) -> None:
    names = [table.name for table in looked_into(dumped(cluster, source)).restored_tables()]
    assert not {*names} & {*EXCLUDED_TABLES}
    assert sorted(names) == ['Odd " Name', "laws", "nobody", "nothing", "short", "t"]


def test_a_dump_that_is_cut_short_anywhere_is_refused(cluster: str, source: str) -> None:
    dump = dumped(cluster, source)
    looked_into(dump)
    for length in [*range(6, len(dump), len(dump) // 150), *range(len(dump) - 40, len(dump))]:
        with pytest.raises(Unreadable, match=r"is cut short|is damaged"):
            looked_into(dump[:length])


def test_a_damaged_block_is_refused(cluster: str, source: str) -> None:
    dump = bytearray(dumped(cluster, source))
    dump[-3000] ^= 0xFF
    with pytest.raises(Unreadable, match=r"is damaged|is cut short"):
        looked_into(bytes(dump))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--inserts"], "as INSERTs"),
        (["--compress=zstd"], "is compressed with zstd"),
        (["--compress=lz4"], "is compressed with lz4"),
        (["-Fp"], "is it plain SQL"),
        (["-Ft"], "no dump in pg_dump's custom format"),
    ],
)
def test_other_forms_are_refused_with_the_reason(cluster: str, source: str, options: list[str], words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        looked_into(dumped(cluster, source, *options))


def test_a_newer_format_is_refused_with_what_to_do(cluster: str, source: str) -> None:
    dump = bytearray(dumped(cluster, source))
    dump[6] = 99
    with pytest.raises(Unreadable, match=r"archive version 1\.99.*make it with the pg_dump of the server's PostgreSQL"):
        looked_into(bytes(dump))


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(Unreadable, match="is empty"):
        looked_into(b"")


def test_a_row_that_looks_like_the_end_of_a_table_is_a_row() -> None:
    assert END == b"\\.\n\n\n", "no row can hold it: PostgreSQL writes a backslash in a row as two"


@pytest.mark.parametrize(
    ("genuine", "forged", "place"),
    [
        (b"SELECT pg_catalog.setval('public.laws_", b"SELECT public.f('public.laws_", "SEQUENCE SET 'laws_id_seq'"),
        (b"_seq', 3000, true);\n", b"_seq', 3,1);DROP x;\n", "SEQUENCE SET 'laws_id_seq'"),
        (b"SELECT pg_catalog.set_config('search_path', '', false);", b"DROP TABLE laws;", "SEARCHPATH 'SEARCHPATH'"),
        (b"ab\n", b"\\.\n", "an end marker in the rows of 'short'"),
        (b"cd\n", b"\\.\n", "an end marker in the rows of 'short'"),
        (b"COPY public.nobody (a) FROM stdin;\n", b"COPY a;\\!id>b.nobo (a) FROM stdin;\n", None),
        (b"COPY public.nobody (a) FROM stdin;\n", b"COPY b.nobod(a) FROM PROGRAM 'id';\n", None),
    ],
)
def test_a_dump_that_contains_other_sql_is_refused(
    cluster: str, source: str, genuine: bytes, forged: bytes, place: str | None
) -> None:
    """pg_restore passes these texts on unchanged, and psql runs them."""
    dump = dumped(cluster, source, "--data-only", "--compress=0")
    assert genuine in dump
    assert len(genuine) == len(forged) or place
    foreign = f"contains SQL that pg_dump did not write, at {place}"
    message = foreign if place else "contains nobody as INSERTs or in an unknown form"
    with pytest.raises(Unreadable, match=re.escape(message)):
        looked_into(dump.replace(genuine, forged.ljust(len(genuine))))


def test_rows_without_their_end_line_are_incomplete(cluster: str, source: str) -> None:
    dump = dumped(cluster, source, "--data-only", "--compress=0")
    with pytest.raises(Unreadable, match="is cut short"):
        looked_into(dump.replace(b"cd\n", b"cd;"))


def test_a_table_whose_name_would_end_a_comment_is_refused(cluster: str, source: str) -> None:
    dump = dumped(cluster, source, "--data-only", "--compress=0")
    with pytest.raises(Unreadable, match="contains SQL that pg_dump did not write, at TABLE DATA"):
        looked_into(dump.replace(b"nobody", b"no\nody", 1))
    version = re.search(rb"17\.\d+ \(", dump)
    assert version
    with pytest.raises(Unreadable, match="contains SQL that pg_dump did not write, at its versions"):
        looked_into(dump.replace(version[0], b"17\n".ljust(len(version[0]))))


def test_large_objects_are_refused(cluster: str, source: str) -> None:
    by_hand(cluster, "SELECT lo_from_bytea(4242, 'large') \\g /dev/null", source)
    try:
        with pytest.raises(Unreadable, match=r"contains large objects, .*make it with pg_dump --no-blobs"):
            looked_into(dumped(cluster, source))
        assert looked_into(dumped(cluster, source, "--no-blobs")).tables
    finally:
        by_hand(cluster, "SELECT lo_unlink(4242) \\g /dev/null", source)


def archive(**rows: int) -> Archive:
    tables = [Table(schema="public", name=name, columns=["id"], rows=count) for name, count in rows.items()]
    return Archive(database="dev", server="16.4", dumper="16.4", tables=tables, versions=None, size=0)


def test_a_table_without_the_expected_number_of_rows_is_named() -> None:
    found = archive(uk_lrt=3, items=2, oban_jobs=5)
    assert list(found.row_count_mistakes({"uk_lrt": 3, "public.items": 2})) == []
    assert dict(found.row_count_mistakes({"uk_lrt": 19318, "items": 2, "other": 1, "oban_jobs": 5})) == {
        "uk_lrt": "19,318 rows are expected and the dump has 3",
        "other": "is not among the dump's tables",
        "oban_jobs": "is not among the dump's tables",
    }
