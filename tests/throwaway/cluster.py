"""Queries a real PostgreSQL, as the program and as an app do."""

from collections.abc import Sequence

from host.psql import Postgres
from render import sql
from tests.throwaway.box import Said, docker
from tests.throwaway.calling import call
from tests.waiting import eventually

# The connection limit of a login.
CONNECTIONS = 6
LOCK_TIMEOUT_S = 7
# One object of each kind that has an owner.
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


def ask(cluster: str, text: str, database: str = "postgres") -> str:
    """Queries as the program does."""
    return Postgres(cluster).query(text, database=database).strip()


def by_hand(cluster: str, text: str, database: str = "postgres") -> str:
    """Queries as an operator does."""
    said = docker(
        "exec", "-i", cluster, *["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d"], database, stdin=text
    )
    assert said.ok, said.error
    return said.out


def logs_until(cluster: str, marker: str) -> str:
    """Returns the server's log once the marker is in it: Docker reads it a moment later."""
    logged: list[str] = []

    def is_there() -> bool:
        said = docker("logs", cluster)
        logged.append(said.out + said.error)
        return marker in logged[-1]

    eventually(is_there)
    return logged[-1]


def as_login(cluster: str, login: str, password: str, database: str, text: str) -> Said:
    """Queries as an app does: over TCP, with its password."""
    inputs = ["-e", f"PGPASSWORD={password}", cluster, "psql", "-XqtA", "-v", "ON_ERROR_STOP=1"]
    return docker("exec", "-i", *inputs, "-h", "127.0.0.1", "-U", login, "-d", database, stdin=text)


def database(
    cluster: str,
    name: str,
    password: str = "one",
    extensions: Sequence[str] = (),
    fingerprint: str = "none",
    superuser_extensions: Sequence[str] = (),
    sharer: str | None = None,
) -> Said:
    """Creates a database with its logins; the service has the same name, or is a `sharer` of the database."""
    prefix = sql.login_prefix(name, sharer)
    inputs = {
        "password": password,
        "login": sql.login(prefix, password),
        "migrate_login": sql.login(sql.migration_prefix(prefix), password),
        "extensions": list(extensions),
        "superuser_extensions": list(superuser_extensions),
        "fingerprints": {"login": fingerprint, "migrate-login": fingerprint},
    }
    limits = {"connections": CONNECTIONS, "migrate_connections": CONNECTIONS, "lock_timeout": LOCK_TIMEOUT_S}
    return call("database", sharer or name, name, owner=sql.owner(name), **limits, postgres=cluster, inputs=inputs)


def make(cluster: str, name: str, password: str = "one") -> str:
    """The database, and its app's login."""
    said = database(cluster, name, password, ["uuid-ossp", "citext"])
    assert (said.code, said.out, said.error) == (0, "", "")
    return sql.login(name, password)


def make_electric(
    cluster: str, name: str, password: str = "two", fingerprint: str = "none", service: str | None = None
) -> str:
    group = sql.electric_group(name)
    login = sql.login(group, password)
    inputs = {"password": password, "login": login, "fingerprint": fingerprint}
    roles = {"owner": sql.owner(name), "group": group}
    words = [service or name, name]
    said = call("electric-role", *words, **roles, connections=CONNECTIONS, postgres=cluster, inputs=inputs)
    assert (said.code, said.out, said.error) == (0, "", "")
    return login


def keep_logins(cluster: str, name: str, *app: str, electric: str | None = None) -> Said:
    """Does what a release does at its end: all other logins are dropped."""
    inputs = {"owner": sql.owner(name), "group": sql.electric_group(name)}
    return call("logins", name, name, app=app, electric=electric, postgres=cluster, inputs=inputs)


def leave(cluster: str, name: str) -> Said:
    """Does what a removal of the service does."""
    return call("database-leave", name, name, owner=sql.owner(name), postgres=cluster)


def remove_electric(cluster: str, name: str, service: str | None = None) -> Said:
    """`service` is the owner, if it has another name than the database."""
    return call(
        "electric-role-remove",
        "trial",
        service or name,
        name,
        group=sql.electric_group(name),
        slot=sql.slot(service or name),
        publication=sql.publication(service or name),
        postgres=cluster,
    )


def logins(cluster: str, name: str) -> set[str]:
    """Returns all roles whose name begins with a database's name."""
    found = ask(cluster, f"SELECT rolname FROM pg_roles WHERE rolname LIKE '{name}%' AND rolcanlogin")
    return set(found.split())


def migrating(name: str, password: str = "one") -> str:
    """Returns the login of its migrations."""
    return sql.login(sql.migration_prefix(name), password)


def owners(cluster: str, name: str) -> set[str]:
    """Returns the owners of all objects in the database, without those of extensions."""
    text = """SELECT DISTINCT holder::regrole FROM (
        SELECT oid, relowner, relnamespace FROM pg_class UNION ALL SELECT oid, proowner, pronamespace FROM pg_proc
        UNION ALL SELECT oid, typowner, typnamespace FROM pg_type UNION ALL SELECT oid, nspowner, oid FROM pg_namespace
      ) AS thing (oid, holder, schema)
      WHERE schema::regnamespace::text IN ('public', 'own') AND thing.oid <> 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = thing.oid AND d.deptype = 'e')"""
    return set(ask(cluster, text, name).split())
