"""A dump's rows in a real PostgreSQL: loaded whole or not at all, and never as the superuser."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.psql import Postgres
from host.rows import CHECKED, UNCHECKED, CommandFailed, Rows
from render import sql
from render.archive import EXCLUDED_TABLES, read
from tests.throwaway.box import docker
from tests.throwaway.cluster import by_hand, make
from tests.waiting import eventually

pytestmark = pytest.mark.docker
SCHEMA = """
CREATE TABLE schema_migrations (version bigint PRIMARY KEY);
CREATE TABLE laws (id serial PRIMARY KEY, name text NOT NULL, year int);
CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
"""
WHO = """
CREATE TABLE who (session text, role text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO public.who VALUES (session_user, current_user); RETURN NULL; END $$;
"""
SUM = "SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) AS sum FROM public.%I t"
STATE = f"""
SELECT string_agg(line, ' ' ORDER BY line) FROM (
  SELECT format('%s %s', tablename, query_to_xml(format('{SUM}', tablename), true, true, '')) AS line
    FROM pg_tables WHERE schemaname = 'public'
  UNION ALL SELECT format('%s %s', sequencename, last_value) FROM pg_sequences
  UNION ALL SELECT format('%s %s', tgname, tgenabled) FROM pg_trigger
) AS lines
"""


class Dev:
    """A developer's database, and a service's with the same tables, in one cluster."""

    def __init__(self, cluster: str, name: str, folder: Path) -> None:
        self.cluster, self.name, self.folder = cluster, name, folder
        make(cluster, name)
        by_hand(cluster, f"CREATE DATABASE {name}_dev")
        self.dev(SCHEMA)
        self.here(SCHEMA)
        self.here(WHO)
        self.rows = Rows(
            postgres=Postgres(cluster), database=name, owner=sql.owner(name), excluded_tables=EXCLUDED_TABLES
        )

    def dev(self, text: str) -> str:
        return by_hand(self.cluster, text, f"{self.name}_dev")

    def here(self, text: str) -> str:
        return by_hand(self.cluster, f"SET ROLE {sql.owner(self.name)}; {text}", self.name)

    def dump(self) -> Path:
        file = self.folder / "legal.dump"
        with file.open("wb") as target:
            command = ["docker", "exec", self.cluster, "pg_dump", "-U", "postgres", "-Fc", "-a", f"{self.name}_dev"]
            subprocess.run(command, stdout=target, stderr=subprocess.DEVNULL, check=True)
        return file

    def put(self, file: Path, *, replace: bool = False) -> None:
        with file.open("rb") as dump:
            tables = [vars(table) for table in read(dump).restored_tables()]
        self.rows.load(file, tables, "1a2b", "dumps/legal.dump", replace=replace, skip=[])

    def state(self) -> str:
        return by_hand(self.cluster, STATE.replace("\n", " "), self.name)

    def clear(self) -> None:
        self.rows.drop_login()
        for database in (self.name, f"{self.name}_dev"):
            by_hand(self.cluster, f"DROP DATABASE {database} WITH (FORCE)")


@pytest.fixture
def dev(cluster: str, name: str, tmp_path: Path) -> Iterator[Dev]:
    made = Dev(cluster, name, tmp_path)
    yield made
    made.clear()


def test_rows_and_sequences_are_those_of_the_dump_and_the_dump_is_recorded(dev: Dev) -> None:
    dev.dev("INSERT INTO laws (name) SELECT 'law ' || g FROM generate_series(1, 1000) g")
    dev.rows.create_login()
    assert dev.rows.restored_dumps() == []
    dev.put(dev.dump())
    assert dev.here("SELECT count(*), max(name), nextval('laws_id_seq') FROM laws") == "1000|law 999|1001"
    [note] = dev.rows.restored_dumps()
    assert (note["digest"], note["path"]) == ("1a2b", "dumps/legal.dump")


def test_nothing_runs_as_the_superuser_and_the_login_exists_for_one_restore(dev: Dev) -> None:
    dev.here("CREATE TRIGGER note AFTER INSERT ON laws FOR EACH STATEMENT EXECUTE FUNCTION note()")
    dev.dev("INSERT INTO laws (name) VALUES ('a')")
    dev.rows.create_login()
    dev.put(dev.dump())
    assert dev.here("SELECT * FROM who") == f"{dev.name}-restore|{dev.name}_owner"
    login = f"FROM pg_roles WHERE rolname = '{dev.name}-restore'"
    assert dev.here(f"SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls {login}") == "f|f|f|f|f"
    over_network = docker("exec", dev.cluster, "psql", "-w", "-h", "127.0.0.1", "-U", f"{dev.name}-restore", dev.name)
    assert not over_network.ok
    dev.rows.drop_login()
    assert dev.here(f"SELECT count(*) {login}") == "0"


def test_circular_foreign_keys_are_loaded_unchecked_and_no_trigger_runs_or_changes(dev: Dev) -> None:
    for state in ("ENABLE", "ENABLE ALWAYS", "ENABLE REPLICA", "DISABLE"):
        name = state.lower().replace(" ", "_")
        dev.here(
            f"CREATE TRIGGER {name} AFTER INSERT ON a EXECUTE FUNCTION note(); ALTER TABLE a {state} TRIGGER {name}"
        )
    dev.dev("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1); UPDATE a SET b = 1")
    triggers = "SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
    before = dev.here(triggers)
    file = dev.dump()
    dev.rows.create_login(CHECKED)
    with pytest.raises(
        CommandFailed, match=r"ERROR:  insert or update on table \"[ab]\" violates foreign key constraint"
    ):
        dev.put(file)
    dev.rows.create_login(UNCHECKED)
    dev.put(file)
    assert dev.here("SELECT * FROM a, b") == "1|1|1|1"
    assert dev.here("SELECT count(*) FROM who") == "0"
    assert dev.here(triggers) == before


@pytest.mark.parametrize("triggers", [CHECKED, UNCHECKED])
def test_a_dump_that_fails_in_the_middle_changes_nothing_and_shows_no_row(dev: Dev, triggers: str) -> None:
    dev.dev(
        "ALTER TABLE laws ALTER year TYPE text; INSERT INTO laws (name, year) VALUES ('a', '1'), ('b', 'pri' || 'vate')"
    )
    dev.here("INSERT INTO laws (name) VALUES ('old')")
    file, before = dev.dump(), dev.state()
    dev.rows.create_login(triggers)
    with pytest.raises(CommandFailed) as error:
        dev.put(file, replace=True)
    assert str(error.value).splitlines()[:2] == [
        "ERROR:  invalid input syntax for type integer",
        "CONTEXT:  COPY laws, line 2, column year",
    ]
    assert dev.state() == before
    assert "private" not in docker("logs", "--tail", "300", dev.cluster).error


def test_a_dump_that_is_cut_short_during_the_load_changes_nothing(dev: Dev) -> None:
    dev.dev("INSERT INTO laws (name) SELECT md5(g::text) FROM generate_series(1, 100000) g")
    file = dev.dump()
    with file.open("rb") as dump:
        tables = [vars(table) for table in read(dump).restored_tables()]
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    before = dev.state()
    dev.rows.create_login()
    with pytest.raises(CommandFailed, match="pg_restore: error"):
        dev.rows.load(file, tables, "1a2b", "dumps/legal.dump", replace=False, skip=[])
    assert dev.state() == before


def test_existing_rows_are_refused_unless_they_are_replaced(dev: Dev) -> None:
    dev.dev("INSERT INTO laws (name) VALUES ('new')")
    dev.here("INSERT INTO laws (name) VALUES ('old')")
    dev.rows.create_login()
    with pytest.raises(CommandFailed, match="laws is no longer empty"):
        dev.put(dev.dump())
    dev.put(dev.dump(), replace=True)
    assert dev.here("SELECT name FROM laws") == "new"


def test_loaded_rows_are_undone_to_the_last_byte(dev: Dev) -> None:
    dev.here(
        "INSERT INTO laws (name) SELECT 'old ' || g FROM generate_series(1, 50) g; INSERT INTO a VALUES (1);"
        "INSERT INTO b VALUES (1, 1); UPDATE a SET b = 1; INSERT INTO schema_migrations VALUES (1);"
        "CREATE TRIGGER note AFTER INSERT ON laws EXECUTE FUNCTION note(); ALTER TABLE laws ENABLE ALWAYS TRIGGER note"
    )
    dev.dev("INSERT INTO laws (id, name) VALUES (7, 'new')")
    before, kept = dev.state(), dev.folder / "before.dump"
    dev.rows.create_login(UNCHECKED)
    dev.rows.dump(kept)
    dev.put(dev.dump(), replace=True)
    assert dev.here("SELECT name FROM laws") == "new"
    dev.rows.undo(kept, "1a2b", skip=[])
    assert dev.state() == before
    assert dev.rows.restored_dumps() == []


def test_existing_rows_are_dumped_whole_or_not_at_all(dev: Dev) -> None:
    dev.rows.create_login()
    file = dev.folder / "before.dump"
    dev.rows.dump(file)
    whole = file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0, "nobody else may read it"
    by_hand(dev.cluster, "CREATE TABLE strangers (id int)", dev.name)
    with pytest.raises(CommandFailed, match="permission denied for table strangers"):
        dev.rows.dump(file)
    assert file.read_bytes() == whole
    assert [path.name for path in dev.folder.iterdir()] == ["before.dump"]


def test_a_session_of_an_interrupted_restore_ends_before_the_next_one(dev: Dev) -> None:
    dev.rows.create_login()
    sleep = ["psql", "-U", dev.rows.login, "-d", dev.name, "-c", "SELECT pg_sleep(600)"]
    count = f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{dev.rows.login}'"
    assert docker("exec", "-d", dev.cluster, *sleep).ok
    eventually(lambda: by_hand(dev.cluster, count) == "1")
    dev.rows.create_login()
    assert by_hand(dev.cluster, count) == "0"
