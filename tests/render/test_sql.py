"""The names of roles."""

import re
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render import sql

PASSWORD = "it's; a \\password"


def test_a_new_password_is_a_new_login() -> None:
    logins = {sql.login("legal", password) for password in ("one", "two", "")}
    assert len(logins) == 3
    assert sql.login("legal", "one") == sql.login("legal", "one")


@pytest.mark.parametrize("prefix", ["a", "a" * 40 + "_electric", sql.migration_prefix("a" * 40)])
def test_a_logins_name_is_not_too_long_for_postgresql(prefix: str) -> None:
    login = sql.login(prefix, PASSWORD)
    assert re.fullmatch(rf"{prefix}_[0-9a-f]{{8}}", login)
    assert len(login) <= 63


def test_a_logins_name_does_not_reveal_its_password() -> None:
    assert PASSWORD not in sql.login("legal", PASSWORD)


def test_migrations_and_apps_have_different_logins() -> None:
    assert sql.login(sql.migration_prefix("legal"), "one") != sql.login("legal", "one")


SERVICES = st.from_regex(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)
DATABASES = st.from_regex(r"(?!pg_)[a-z_][a-z0-9_]{0,39}", fullmatch=True)
# Names that resemble those of roles.
NEAR = st.sampled_from(["a", "a-b", "a-app", "a-reads", "app", "reads", "legal", "legal-electric", "migrate", "x" * 40])
NEAR_DATABASES = st.sampled_from(["a", "a_app", "a_migrate", "legal", "legal_x", "legal_electric", "a_0123abcd"])


def dropped_by(prefix: str, logins: set[str]) -> set[str]:
    """Returns the logins whose names host/sql/logins_drop.sql matches."""
    return {login for login in logins if re.search(rf"^{prefix}(_migrate)?_[0-9a-f]{{8}}$", login)}


@given(st.lists(SERVICES | NEAR, min_size=1, max_size=4, unique=True), DATABASES | NEAR_DATABASES)
def test_no_service_drops_another_ones_logins_whatever_their_names(services: list[str], database: str) -> None:
    """Those of the database's owner, of each service that shares it, and of each one that reads it."""
    owned = [sql.login_prefix(database), sql.electric_group(database)]
    shared = [prefix(database, name) for name in services for prefix in (sql.login_prefix, sql.electric_group)]
    read = [sql.reader_prefix(name) for name in services]
    logins = {prefix: {sql.login(prefix, "one"), sql.login(prefix, "two")} for prefix in (*owned, *shared, *read)}
    for prefix in (sql.login_prefix(database), *(sql.login_prefix(database, name) for name in services)):
        logins[prefix].add(sql.login(sql.migration_prefix(prefix), "one"))
    assert len(logins) == len([*owned, *shared, *read])
    for mine, other in permutations(logins, 2):
        assert dropped_by(mine, logins[mine]) == logins[mine]
        assert dropped_by(mine, logins[other]) == set(), (mine, other)
    names = [*owned, *shared, *read, *(login for every in logins.values() for login in every)]
    assert all(len(name) <= 63 for name in [*names, sql.readers_group(database)])


@given(SERVICES | NEAR, DATABASES | NEAR_DATABASES, DATABASES | NEAR_DATABASES)
def test_a_role_of_a_sharer_or_reader_is_no_database_and_no_role_of_an_owner(
    service: str, database: str, other: str
) -> None:
    own = {other, sql.owner(other), sql.electric_group(other), f"{other}-restore", sql.migration_prefix(other)}
    prefixes = sql.login_prefix(database, service), sql.electric_group(database, service), sql.reader_prefix(service)
    assert not own & {sql.login(prefix, "one") for prefix in prefixes}
    assert not own & {sql.electric_group(database, service), sql.readers_group(database)}


def test_a_reader_has_a_login_for_each_database() -> None:
    assert sql.reader_login("hub", "auth", "one") != sql.reader_login("hub", "legal", "one")
    assert sql.reader_login("hub", "auth", "one") != sql.reader_login("hub", "auth", "two")
