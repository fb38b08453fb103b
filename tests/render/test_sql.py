"""The names of roles."""

import re

import pytest

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
