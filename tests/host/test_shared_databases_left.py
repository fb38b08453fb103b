"""A service that gets another database leaves nothing on the one that it shared."""

from collections.abc import Callable

import pytest

from render import sql
from tests.throwaway.box import Said
from tests.throwaway.calling import call
from tests.throwaway.cluster import (
    CONNECTIONS,
    as_login,
    ask,
    leave,
    make,
    make_electric,
    migrating,
    remove_electric,
)

from .sharing import SHARER, end_sharing, leave_shared, members, publications, share, share_electric, use_electric

pytestmark = pytest.mark.docker


def test_nothing_of_a_service_is_left_on_a_database_that_it_no_longer_shares(
    cluster: str, name: str, app: str, sharer: str
) -> None:
    electric, _ = make_electric(cluster, name), share_electric(cluster, name)
    use_electric(cluster, name, SHARER)
    for _ in range(2):
        said = leave_shared(cluster, name)
        assert (said.code, said.out) == (0, "")
    assert ask(cluster, f"SELECT count(*) FROM pg_roles WHERE rolname ~ '^{SHARER}-'") == "0"
    assert ask(cluster, f"SELECT count(*) FROM pg_replication_slots WHERE database = '{name}'") == "0"
    assert publications(cluster, name) == {}
    assert members(cluster, sql.owner(name)) == {app, migrating(name), sql.electric_group(name)}
    assert members(cluster, sql.electric_group(name)) == {electric}


def test_its_logins_may_serve_on_a_third_database_by_then(cluster: str, name: str, sharer: str) -> None:
    """Their names are the same there."""
    other, group = f"{name}_b", sql.electric_group(name, SHARER)
    share_electric(cluster, name)
    use_electric(cluster, name, SHARER)
    make(cluster, other)
    assert share(cluster, other) == sharer
    electric = share_electric(cluster, other)
    for each in (name, other):
        said = as_login(cluster, sharer, "three", each, "SELECT current_user")
        assert said.out == sql.owner(each), "the old containers serve until the release ends"
    try:
        assert leave_shared(cluster, name).ok
        assert not {sharer, group} & members(cluster, sql.owner(name))
        assert {sharer, group} < members(cluster, sql.owner(other))
        for login, password in ((sharer, "three"), (electric, "four")):
            assert as_login(cluster, login, password, other, "CREATE SCHEMA IF NOT EXISTS fresh").ok
            assert "pg_hba.conf" in as_login(cluster, login, password, name, "SELECT 1").error
        rights = f"SELECT has_database_privilege('{group}', '{name}', 'CONNECT')"
        assert ask(cluster, rights) == "f"
        assert ask(cluster, f"SELECT count(*) FROM pg_replication_slots WHERE database = '{name}'") == "0"
    finally:
        end_sharing(cluster, other)


def test_a_sharer_that_becomes_the_owner_keeps_its_publication_and_slot(cluster: str, name: str, sharer: str) -> None:
    share_electric(cluster, name)
    use_electric(cluster, name, SHARER)
    share(cluster, name, sharer="other")
    share_electric(cluster, name, "other")
    use_electric(cluster, name, "other")
    try:
        before = sql.login(sql.electric_group(name, SHARER), "four")
        electric = make_electric(cluster, name, service=SHARER)
        assert as_login(cluster, sharer, "three", name, "CREATE TABLE late (id int)").ok
        text = f"ALTER PUBLICATION {sql.publication(SHARER)} ADD TABLE late"
        added = as_login(cluster, before, "four", name, text)
        assert added.ok, added.error  # until the cut-over
        assert leave_shared(cluster, name).ok
        assert publications(cluster, name) == {
            sql.publication(SHARER): sql.electric_group(name),
            sql.publication("other"): sql.electric_group(name, "other"),
        }
        assert ask(cluster, f"SELECT 1 FROM pg_replication_slots WHERE slot_name = '{sql.slot(SHARER)}'") == "1"
        assert members(cluster, sql.electric_group(name)) == {electric}
        assert ask(cluster, f"SELECT count(*) FROM pg_roles WHERE rolname ~ '^{SHARER}-'") == "0"
    finally:
        end_sharing(cluster, name, "other")
        assert remove_electric(cluster, name, SHARER).ok


def test_the_removal_of_an_owner_leaves_the_logins_of_the_service_that_has_taken_over(
    cluster: str, name: str, app: str
) -> None:
    """Their names contain the database, so both have the same."""
    electric = make_electric(cluster, name)
    inputs = {"password": "one", "login": app, "extensions": [], "fingerprints": {"login": "none"}}
    limits = {"connections": CONNECTIONS, "migrate_connections": 0}
    assert call("database", "heir", name, owner=sql.owner(name), **limits, postgres=cluster, inputs=inputs).ok
    assert make_electric(cluster, name, service="heir") == electric
    try:
        assert remove_electric(cluster, name).ok
        assert leave(cluster, name).ok
        assert {app} <= members(cluster, sql.owner(name))
        assert members(cluster, sql.electric_group(name)) == {electric}
        assert not {migrating(name)} & members(cluster, sql.owner(name)), "nobody uses it"
    finally:
        assert remove_electric(cluster, name, "heir").ok
        assert call("database-leave", "heir", name, owner=sql.owner(name), postgres=cluster).ok
    assert not members(cluster, sql.electric_group(name)) | {app} & members(cluster, sql.owner(name))


@pytest.mark.parametrize("first", [leave_shared, end_sharing])
def test_it_may_be_removed_with_the_service_in_any_order(
    cluster: str, name: str, sharer: str, first: Callable[[str, str], Said]
) -> None:
    share_electric(cluster, name)
    use_electric(cluster, name, SHARER)
    for step in (first, leave_shared, end_sharing):
        said = step(cluster, name)
        assert (said.code, said.out) == (0, "")
    assert ask(cluster, f"SELECT count(*) FROM pg_roles WHERE rolname ~ '^{SHARER}-'") == "0"
    assert ask(cluster, f"SELECT count(*) FROM pg_replication_slots WHERE database = '{name}'") == "0"
