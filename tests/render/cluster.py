"""Asking a real PostgreSQL, as the program and as an app do."""

from render import shell, sql

from .box import Said, docker, on_host

# How many a login may have.
CONNECTIONS = 6
# Something of each kind that has an owner.
EVERYTHING = """
CREATE SCHEMA own;
CREATE TYPE own.mood AS ENUM ('fine');
CREATE TYPE pair AS (a int, b int);
CREATE DOMAIN natural_number AS int CHECK (value > 0);
CREATE TABLE t (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE own."Odd Table" (id int) PARTITION BY LIST (id);
CREATE TABLE own.part PARTITION OF own."Odd Table" DEFAULT;
CREATE SEQUENCE counter;
CREATE VIEW v AS SELECT 1;
CREATE MATERIALIZED VIEW m AS SELECT 1;
CREATE FUNCTION f(int, text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
"""


def feed(cluster: str, text: str, database: str = "postgres") -> Said:
    """As the program does."""
    return on_host(shell.psql(cluster, database), text)


def ask(cluster: str, text: str, database: str = "postgres") -> str:
    said = feed(cluster, text, database)
    assert said.ok, said.error
    return said.out.strip()


def by_hand(cluster: str, text: str, database: str = "postgres") -> str:
    """As an operator does."""
    said = docker(
        "exec", "-i", cluster, *["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d"], database, stdin=text
    )
    assert said.ok, said.error
    return said.out


def as_login(cluster: str, login: str, password: str, database: str, text: str) -> Said:
    """As an app does: over TCP, with its password."""
    told = ["-e", f"PGPASSWORD={password}", cluster, "psql", "-XqtA", "-v", "ON_ERROR_STOP=1"]
    return docker("exec", "-i", *told, "-h", "127.0.0.1", "-U", login, "-d", database, stdin=text)


def make(cluster: str, name: str, password: str = "one") -> str:
    """The database, and its login's name."""
    said = feed(cluster, sql.database(name, ["uuid-ossp", "citext"], password, CONNECTIONS))
    assert (said.code, said.out, said.error) == (0, "", "")
    return sql.login(name, password)


def make_electric(cluster: str, name: str, password: str = "two") -> str:
    said = feed(cluster, sql.electric(name, password, CONNECTIONS))
    assert (said.code, said.out, said.error) == (0, "", "")
    return sql.login(sql.electric_group(name), password)


def owners(cluster: str, name: str) -> set[str]:
    """The owners of all that is in a database, its extensions' own things apart."""
    text = """SELECT DISTINCT holder::regrole FROM (
        SELECT oid, relowner, relnamespace FROM pg_class UNION ALL SELECT oid, proowner, pronamespace FROM pg_proc
        UNION ALL SELECT oid, typowner, typnamespace FROM pg_type UNION ALL SELECT oid, nspowner, oid FROM pg_namespace
      ) AS thing (oid, holder, schema)
      WHERE schema::regnamespace::text IN ('public', 'own') AND thing.oid <> 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = thing.oid AND d.deptype = 'e')"""
    return set(ask(cluster, text, name).split())
