"""A database that is older than the platform: it and all its objects are adopted."""

import pytest

from tests.throwaway.cluster import EVERYTHING, as_login, ask, by_hand, database, make, make_electric, owners

pytestmark = pytest.mark.docker


@pytest.mark.parametrize("before", ["postgres", "of_before"])
def test_an_existing_database_is_adopted_with_all_its_objects(cluster: str, name: str, before: str) -> None:
    if before != "postgres":
        before = f"{name}_{before}"
        ask(cluster, f"CREATE ROLE {before} LOGIN PASSWORD 'before'")
    ask(cluster, f"CREATE DATABASE {name} OWNER {before}")
    by_hand(cluster, f'CREATE EXTENSION citext; CREATE EXTENSION "uuid-ossp"; SET ROLE {before}; {EVERYTHING}', name)
    assert owners(cluster, name) == {before}
    for _ in range(2):
        login = make(cluster, name)
    assert ask(cluster, f"SELECT datdba::regrole FROM pg_database WHERE datname = '{name}'") == f"{name}_owner"
    assert owners(cluster, name) == {f"{name}_owner"}
    theirs = "SELECT DISTINCT proowner::regrole FROM pg_proc JOIN pg_depend ON objid = pg_proc.oid AND deptype = 'e'"
    assert ask(cluster, theirs, name) == "postgres"  # objects of an extension stay with it
    changes = "INSERT INTO t DEFAULT VALUES; ALTER TABLE t ADD c citext; DROP VIEW v; DROP SCHEMA own CASCADE;"
    said = as_login(cluster, login, "one", name, f"{changes} SELECT uuid_generate_v4() IS NOT NULL")
    assert (said.out, said.ok) == ("t", True), said.error


def test_an_interrupted_run_is_completed_by_the_next(cluster: str, name: str) -> None:
    """The previous owner is recorded until all objects in the database have the new one."""
    before = f"{name}_before"
    ask(cluster, f"CREATE ROLE {before}; CREATE DATABASE {name} OWNER {before}")
    by_hand(cluster, f"SET ROLE {before}; CREATE TABLE t (id int)", name)
    assert not database(cluster, name, extensions=["nothing"]).ok
    ask(cluster, f"ALTER DATABASE {name} OWNER TO {before}")
    make(cluster, name)
    assert owners(cluster, name) == {f"{name}_owner"}


def test_the_previous_owner_loses_all_its_rights(cluster: str, name: str) -> None:
    before = f"{name}_before"
    ask(cluster, f"CREATE ROLE {before} LOGIN PASSWORD 'before'")
    ask(cluster, f"CREATE DATABASE {name} OWNER {before}; CREATE ROLE {name}_owner; GRANT {name}_owner TO {before}")
    by_hand(cluster, "CREATE TABLE t (id int)", name)
    make(cluster, name)
    assert ask(cluster, f"SELECT count(*) FROM pg_auth_members WHERE member = '{before}'::regrole") == "0"
    assert "no pg_hba.conf entry" in as_login(cluster, before, "before", name, "SELECT 1").error


def test_an_existing_role_with_the_databases_name_gives_nobody_more_rights(cluster: str, name: str) -> None:
    ask(cluster, f"CREATE ROLE {name} LOGIN SUPERUSER PASSWORD 'before'; CREATE DATABASE {name} OWNER {name}")
    ask(cluster, f"GRANT pg_read_all_data TO {name}")
    login = make(cluster, name)
    assert not as_login(cluster, name, "before", name, "SELECT 1").ok
    rights = "SELECT rolsuper, rolcanlogin, pg_has_role(oid, 'pg_read_all_data', 'MEMBER') FROM pg_roles"
    assert ask(cluster, f"{rights} WHERE rolname = '{name}'") == "f|f|f"
    assert "permission denied" in as_login(cluster, login, "one", name, "SET ROLE pg_read_all_data").error


def test_an_existing_event_trigger_does_not_run_the_apps_functions(cluster: str, name: str) -> None:
    ask(cluster, f"CREATE DATABASE {name}")
    ask(
        cluster,
        """CREATE FUNCTION public.noted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
        CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION public.noted()""",
        name,
    )
    taken_over = database(cluster, name)
    assert taken_over.out == f"{name}: the event trigger noted is switched off\n"
    login = make(cluster, name)
    evil = f"""CREATE OR REPLACE FUNCTION public.noted() RETURNS event_trigger LANGUAGE plpgsql AS
        'BEGIN ALTER ROLE {login} SUPERUSER; END'"""
    assert as_login(cluster, login, "one", name, evil).ok
    again = database(cluster, name, extensions=["pg_trgm"])
    assert again.ok, again.out
    assert ask(cluster, f"SELECT rolsuper FROM pg_roles WHERE rolname = '{login}'") == "f"


def test_objects_of_another_role_keep_their_owner(cluster: str, name: str) -> None:
    make(cluster, name)
    ask(cluster, f"CREATE ROLE {name}_report; GRANT CREATE ON DATABASE {name} TO {name}_report")
    ask(cluster, f"SET ROLE {name}_report; CREATE SCHEMA own; CREATE TABLE own.report (id int)", name)
    make(cluster, name)
    assert owners(cluster, name) == {f"{name}_report"}


def test_an_existing_publication_becomes_electrics(cluster: str, name: str) -> None:
    login = make(cluster, name)
    assert as_login(cluster, login, "one", name, "CREATE TABLE t (id int); CREATE TABLE u (id int)").ok
    by_hand(
        cluster, "CREATE PUBLICATION electric_publication_x FOR TABLE t; CREATE PUBLICATION other FOR TABLE t", name
    )
    for _ in range(2):
        electric = make_electric(cluster, name)
    said = as_login(cluster, electric, "two", name, "ALTER PUBLICATION electric_publication_x ADD TABLE u")
    assert said.ok, said.error
    names = "SELECT pubname FROM pg_publication WHERE pubowner::regrole::text ="
    assert ask(cluster, f"{names} 'postgres'", name) == "other"
