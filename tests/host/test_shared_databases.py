"""A database that another service uses, on a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from render import sql
from tests.throwaway.calling import call
from tests.throwaway.cluster import (
    as_login,
    ask,
    by_hand,
    keep_logins,
    leave,
    make,
    make_electric,
    migrating,
    remove_electric,
)

from .sharing import SHARER, end_reading, end_sharing, members, publications, read, share, share_electric

pytestmark = pytest.mark.docker


def test_both_services_own_and_migrate_the_same_tables(cluster: str, name: str, app: str, sharer: str) -> None:
    assert as_login(cluster, app, "one", name, "CREATE TABLE laws (id int)").ok
    assert as_login(
        cluster, sharer, "three", name, "ALTER TABLE laws ADD COLUMN year int; INSERT INTO laws VALUES (1)"
    ).ok
    assert as_login(cluster, sharer, "three", name, "CREATE TABLE more (id int)").ok
    assert as_login(cluster, app, "one", name, "DROP TABLE more; SELECT count(*) FROM laws").out == "1"


def test_the_order_of_the_services_does_not_matter(cluster: str, name: str) -> None:
    login = share(cluster, name)
    try:
        assert as_login(cluster, login, "three", name, "CREATE TABLE laws (id int)").ok
        assert as_login(cluster, make(cluster, name), "one", name, "INSERT INTO laws VALUES (1)").ok
    finally:
        end_sharing(cluster, name)


@pytest.mark.parametrize("adopted", [False, True], ids=["new", "adopted"])
def test_the_steps_of_all_services_on_a_database_may_run_at_the_same_time(
    cluster: str, name: str, adopted: bool
) -> None:
    """As in the first `up`: no service waits for another."""
    if adopted:
        ask(cluster, f"CREATE DATABASE {name}")
        by_hand(cluster, "CREATE TABLE people AS SELECT 1 AS id", name)
    with ThreadPoolExecutor(5) as pool:
        steps = [
            *(pool.submit(make, cluster, name), pool.submit(share, cluster, name)),
            *(pool.submit(share, cluster, name, sharer="other"), pool.submit(read, cluster, name)),
            pool.submit(read, cluster, name, reader="billing"),
        ]
    try:
        assert [step.exception() for step in steps] == [None] * len(steps)
        for step, password in zip(steps, ("one", "three", "three", "five", "five"), strict=True):
            assert as_login(cluster, step.result(), password, name, "SELECT 1").ok
    finally:
        end_sharing(cluster, name)
        end_sharing(cluster, name, "other")
        end_reading(cluster, name)
        end_reading(cluster, name, "billing")


def test_a_sharer_reaches_no_third_database(cluster: str, name: str, sharer: str) -> None:
    make(cluster, f"{name}_b")
    for other in (f"{name}_b", "postgres", "template1"):
        assert "pg_hba.conf" in as_login(cluster, sharer, "three", other, "SELECT 1").error
    assert not as_login(cluster, sharer, "three", name, f"SET ROLE {name}_b_owner").ok


def test_the_clean_up_of_each_service_leaves_the_others_logins(cluster: str, name: str, app: str, sharer: str) -> None:
    electric, own_electric = make_electric(cluster, name), share_electric(cluster, name)
    for _ in range(2):
        assert keep_logins(cluster, name, app, migrating(name), electric=electric).ok
        kept = {"owner": sql.owner(name), "group": sql.electric_group(name, SHARER)}
        said = call(
            "logins",
            SHARER,
            name,
            app=[sharer],
            electric=own_electric,
            postgres=cluster,
            inputs={**kept, "prefix": sql.login_prefix(name, SHARER)},
        )
        assert said.ok, said.out
    assert {app, migrating(name), sharer} < members(cluster, sql.owner(name))
    assert not [login for login in members(cluster, sql.owner(name)) if "-app_migrate_" in login], "not kept: dropped"
    assert members(cluster, sql.electric_group(name)) == {electric}
    assert members(cluster, sql.electric_group(name, SHARER)) == {own_electric}


def test_the_owners_removal_leaves_the_sharers_logins_and_the_other_way_round(
    cluster: str, name: str, app: str, sharer: str
) -> None:
    electric, own_electric = make_electric(cluster, name), share_electric(cluster, name)
    assert end_sharing(cluster, name).out == ""
    assert members(cluster, sql.owner(name)) == {app, migrating(name), sql.electric_group(name)}
    assert members(cluster, sql.electric_group(name)) == {electric}
    assert ask(cluster, f"SELECT count(*) FROM pg_roles WHERE rolname ~ '^{SHARER}-'") == "0"
    sharer, own_electric = share(cluster, name), share_electric(cluster, name)
    assert remove_electric(cluster, name).ok
    assert leave(cluster, name).ok
    assert sharer in members(cluster, sql.owner(name))
    assert own_electric in members(cluster, sql.electric_group(name, SHARER))
    assert as_login(cluster, sharer, "three", name, "CREATE TABLE still (id int)").ok


def test_a_new_password_of_a_sharer_drops_its_own_old_logins_alone(cluster: str, name: str, app: str) -> None:
    share(cluster, name, "old")
    new = share(cluster, name, "new")
    try:
        inputs = {"owner": sql.owner(name), "group": "", "prefix": sql.login_prefix(name, SHARER)}
        assert call("logins", SHARER, name, app=[new], postgres=cluster, inputs=inputs).ok
        assert members(cluster, sql.owner(name)) == {app, migrating(name), new}
    finally:
        end_sharing(cluster, name)


def test_each_electric_owns_its_publication_and_may_change_all_tables(cluster: str, name: str, sharer: str) -> None:
    electric, own = make_electric(cluster, name), share_electric(cluster, name)
    assert as_login(cluster, sharer, "three", name, "CREATE TABLE laws (id int)").ok
    for login, password, stream in ((electric, "two", name), (own, "four", SHARER)):
        text = (
            f"CREATE PUBLICATION {sql.publication(stream)}; ALTER PUBLICATION {sql.publication(stream)} ADD TABLE laws;"
        )
        said = as_login(cluster, login, password, name, f"{text} ALTER TABLE laws REPLICA IDENTITY FULL")
        assert said.ok, said.error
    for last in (make_electric, share_electric, make_electric):
        last(cluster, name)
        assert publications(cluster, name) == {
            sql.publication(name): sql.electric_group(name),
            sql.publication(SHARER): sql.electric_group(name, SHARER),
        }
    end_sharing(cluster, name)
    assert publications(cluster, name) == {sql.publication(name): sql.electric_group(name)}


def test_a_publication_that_is_older_than_the_platform_goes_to_its_own_service(
    cluster: str, name: str, sharer: str
) -> None:
    by_hand(cluster, f"CREATE PUBLICATION {sql.publication(SHARER)}", name)
    make_electric(cluster, name)
    share_electric(cluster, name)
    make_electric(cluster, name)
    assert publications(cluster, name) == {sql.publication(SHARER): sql.electric_group(name, SHARER)}


def test_the_slot_of_a_removed_sharer_is_dropped_and_the_owners_stays(cluster: str, name: str, sharer: str) -> None:
    share_electric(cluster, name)
    for slot in (sql.slot(SHARER), sql.slot(name)):
        ask(cluster, f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')", name)
    try:
        end_sharing(cluster, name)
        assert ask(cluster, f"SELECT slot_name FROM pg_replication_slots WHERE database = '{name}'") == sql.slot(name)
    finally:
        assert remove_electric(cluster, name).ok
