"""How logins are dropped: those of old containers, and all of a removed service."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.throwaway.box import Boxes, docker
from tests.throwaway.cluster import (
    as_login,
    ask,
    by_hand,
    keep_logins,
    leave,
    logins,
    make,
    make_electric,
    migrating,
    owners,
    remove_electric,
)
from tests.waiting import eventually

pytestmark = pytest.mark.docker


def test_electrics_role_stays_while_an_electric_serves(cluster: str, boxes: Boxes, name: str) -> None:
    make(cluster, name)
    electric = make_electric(cluster, name)
    container = boxes.start("electric", labels={**boxes.labels(name, "electric"), "sertantai.stack": "trial"})
    said = remove_electric(cluster, name)
    assert (said.code, said.out) == (1, f"{name}/electric: still serves; run up again\n")
    assert electric in logins(cluster, name)
    docker("stop", "-t", "1", container)
    assert remove_electric(cluster, name).ok


def test_a_new_password_creates_a_new_login_and_the_old_one_works_until_it_is_dropped(cluster: str, name: str) -> None:
    old = make(cluster, name, "old")
    assert as_login(cluster, old, "old", name, "CREATE TABLE t (id int)").ok
    new = make(cluster, name, "new")
    assert old != new
    for login, password in ((old, "old"), (new, "new")):
        assert as_login(cluster, login, password, name, "INSERT INTO t VALUES (1)").ok
    for _ in range(2):
        kept = keep_logins(cluster, name, new, migrating(name, "new"))
        assert (kept.code, kept.out) == (0, "")
    assert logins(cluster, name) == {new, migrating(name, "new")}
    assert not as_login(cluster, old, "old", name, "SELECT 1").ok
    assert as_login(cluster, new, "new", name, "SELECT count(*) FROM t").out == "2"


def test_the_owner_gets_the_objects_of_a_dropped_login(cluster: str, name: str) -> None:
    login = make(cluster, name)
    assert as_login(cluster, login, "one", name, "RESET ROLE; SET ROLE NONE; CREATE TEMP TABLE mine (id int)").ok
    by_hand(
        cluster,
        f"CREATE TABLE theirs (id int); ALTER TABLE theirs OWNER TO {login}; GRANT SELECT ON theirs TO {login}",
        name,
    )
    assert leave(cluster, name).ok
    assert logins(cluster, name) == set()
    assert owners(cluster, name) == {f"{name}_owner"}


def test_memberships_that_an_operator_granted_stay(cluster: str, name: str) -> None:
    login = make(cluster, name)
    hand_made = {f"{name}_report", f"{name}_12345678x", f"{name}_ABCDEF12".lower() + "_"}
    for role in hand_made:
        ask(cluster, f"CREATE ROLE {role} LOGIN; GRANT {name}_owner TO {role}")
    ask(cluster, f"CREATE ROLE {name}_abcdef12 LOGIN")  # the form of a login, but no member
    assert logins(cluster, name) == {login, migrating(name), f"{name}_abcdef12", *hand_made}
    assert leave(cluster, name).ok
    assert logins(cluster, name) == {f"{name}_abcdef12", *hand_made}


def test_a_removed_service_keeps_its_database_and_the_logins_that_another_uses(cluster: str, name: str) -> None:
    login = make(cluster, name)
    with ThreadPoolExecutor(1) as pool:
        session = f"FROM pg_stat_activity WHERE usename = '{login}'"
        pool.submit(as_login, cluster, login, "one", name, "SELECT pg_sleep(600)")
        try:
            eventually(lambda: ask(cluster, f"SELECT count(*) {session}") == "1")
            left = leave(cluster, name)
        finally:
            ask(cluster, f"SELECT pg_terminate_backend(pid) {session}")
    assert (
        left.out
        == f"{name}: its database {name} is kept; to drop it: docker exec {cluster} dropdb -U postgres {name}\n"
    )
    assert logins(cluster, name) == {login}
    assert ask(cluster, f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == "1"


def test_logins_are_dropped_even_if_an_operator_has_dropped_the_database(cluster: str, name: str) -> None:
    make(cluster, name)
    make_electric(cluster, name)
    ask(cluster, f"DROP DATABASE {name}")
    assert remove_electric(cluster, name).ok
    assert leave(cluster, name).ok
    assert logins(cluster, name) == set()


def test_electrics_logins_are_dropped_without_the_apps(cluster: str, name: str) -> None:
    login, electric = make(cluster, name), make_electric(cluster, name)
    assert keep_logins(cluster, name, login, migrating(name)).ok
    assert logins(cluster, name) == {login, migrating(name), electric}
    assert keep_logins(cluster, name, login, migrating(name), electric=make_electric(cluster, name, "three")).ok
    assert electric not in logins(cluster, name)


def test_a_database_named_like_another_services_electric_shares_no_login(cluster: str, name: str) -> None:
    make(cluster, name)
    electric = make_electric(cluster, name)
    other = make(cluster, f"{name}_electric", "three")
    assert remove_electric(cluster, name).ok
    assert electric not in logins(cluster, name)
    assert other in logins(cluster, name)
