"""A database that several services use or read, and their steps on it."""

from collections.abc import Iterator

import pytest

from render import sql
from tests.throwaway.box import Said
from tests.throwaway.calling import call
from tests.throwaway.cluster import CONNECTIONS, as_login, ask, database, make

SHARER, READER = "compliance", "hub"


def share(cluster: str, name: str, password: str = "three", sharer: str = SHARER) -> str:
    """Another service uses the database. Returns its app's login."""
    said = database(cluster, name, password, sharer=sharer)
    assert (said.code, said.out, said.error) == (0, "", "")
    return sql.login(sql.login_prefix(name, sharer), password)


def share_electric(cluster: str, name: str, sharer: str = SHARER) -> str:
    """The other service has an Electric. Returns its login."""
    group = sql.electric_group(name, sharer)
    login = sql.login(group, "four")
    inputs = {"password": "four", "login": login, "fingerprint": "none"}
    roles = {"owner": sql.owner(name), "group": group, "publication": sql.publication(sharer)}
    said = call("electric-role", sharer, name, **roles, connections=CONNECTIONS, postgres=cluster, inputs=inputs)
    assert (said.code, said.out, said.error) == (0, "", "")
    return login


def end_sharing(cluster: str, name: str, sharer: str = SHARER) -> Said:
    """Does what a removal of the other service does."""
    group = sql.electric_group(name, sharer)
    said = call(
        "electric-role-remove",
        "trial",
        sharer,
        name,
        group=group,
        slot=sql.slot(sharer),
        publication=sql.publication(sharer),
        drop_group=[],
        postgres=cluster,
    )
    assert said.ok, said.out
    prefix = sql.login_prefix(name, sharer)
    return call("database-leave", sharer, name, owner=sql.owner(name), prefix=prefix, postgres=cluster)


def leave_shared(cluster: str, name: str, sharer: str = SHARER) -> Said:
    """Does what happens at the end of an `up` in which the other service gets another database."""
    inputs = {
        "owner": sql.owner(name),
        "prefix": sql.login_prefix(name, sharer),
        "group": sql.electric_group(name, sharer),
        "slot": sql.slot(sharer),
        "publication": sql.publication(sharer),
    }
    return call("sharer-leave", sharer, name, postgres=cluster, inputs=inputs)


def use_electric(cluster: str, name: str, stream: str) -> None:
    """Creates what Electric creates."""
    login = sql.login(sql.electric_group(name, stream), "four")
    assert as_login(cluster, login, "four", name, f"CREATE PUBLICATION {sql.publication(stream)}").ok
    ask(cluster, f"SELECT pg_create_logical_replication_slot('{sql.slot(stream)}', 'pgoutput')", name)


def read(cluster: str, name: str, password: str = "five", reader: str = READER) -> str:
    """Another service reads the database. Returns its login."""
    login = sql.reader_login(reader, name, password)
    inputs = {"password": password, "login": login, "fingerprint": "none"}
    roles = {"owner": sql.owner(name), "group": sql.readers_group(name)}
    said = call("reader", reader, name, name, **roles, connections=CONNECTIONS, postgres=cluster, inputs=inputs)
    assert said.ok, said.out
    assert said.out == ""
    return login


def end_reading(cluster: str, name: str, reader: str = READER) -> Said:
    owner, group, prefix = sql.owner(name), sql.readers_group(name), sql.reader_prefix(reader)
    return call("reader-remove", reader, name, name, owner=owner, group=group, prefix=prefix, postgres=cluster)


def limit(cluster: str, name: str) -> None:
    """Does what the owner's release does at its end."""
    roles = {"owner": sql.owner(name), "group": sql.readers_group(name)}
    said = call("limit-readers", name, name, **roles, postgres=cluster, inputs={"images": {}})
    assert (said.code, said.out, said.error) == (0, "", "")


def members(cluster: str, role: str) -> set[str]:
    """Returns the logins that are direct members of a role."""
    text = f"SELECT member::regrole FROM pg_auth_members WHERE roleid = to_regrole('\"{role}\"')"
    return {member.strip('"') for member in ask(cluster, text).split()}


def publications(cluster: str, name: str) -> dict[str, str]:
    """Returns the owner of each publication."""
    rows = ask(cluster, "SELECT pubname || ' ' || pg_get_userbyid(pubowner) FROM pg_publication", name).splitlines()
    return dict(row.split(" ") for row in rows)


@pytest.fixture
def app(cluster: str, name: str) -> str:
    """The login of the owner's app."""
    return make(cluster, name)


@pytest.fixture
def sharer(cluster: str, name: str, app: str) -> Iterator[str]:
    """The login of another service's app."""
    yield share(cluster, name)
    end_sharing(cluster, name)


@pytest.fixture
def reader(cluster: str, name: str, app: str) -> Iterator[str]:
    """The login of a service that reads the database, which has a table already."""
    assert as_login(cluster, app, "one", name, "CREATE TABLE people AS SELECT 1 AS id; CREATE SEQUENCE ids").ok
    yield read(cluster, name)
    end_reading(cluster, name)
