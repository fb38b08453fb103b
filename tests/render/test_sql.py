"""What the SQL says, as text."""

import re

import pytest

from render import sql

PASSWORD = "it's; a \\password"


def test_an_identifier_is_quoted() -> None:
    assert sql.identifier("uuid-ossp") == '"uuid-ossp"'
    assert sql.identifier('od"d') == '"od""d"'


def test_a_literal_is_quoted() -> None:
    assert sql.literal("it's") == "'it''s'"


def test_a_new_password_is_a_new_login() -> None:
    logins = {sql.login("legal", password) for password in ("one", "two", "")}
    assert len(logins) == 3
    assert sql.login("legal", "one") == sql.login("legal", "one")


@pytest.mark.parametrize("prefix", ["a", "a" * 40 + "_electric"])
def test_a_login_has_a_name_that_postgresql_does_not_cut(prefix: str) -> None:
    login = sql.login(prefix, PASSWORD)
    assert re.fullmatch(rf"{prefix}_[0-9a-f]{{8}}", login)
    assert len(login) <= 63


def test_a_logins_name_does_not_give_its_password_away() -> None:
    assert PASSWORD not in sql.login("legal", PASSWORD)


def test_a_database_has_its_extensions_once_each() -> None:
    text = sql.database("legal_prod", ["uuid-ossp", "citext"], PASSWORD, 25)
    assert re.findall(r"^CREATE EXTENSION.*$", text, re.MULTILINE) == [
        'CREATE EXTENSION IF NOT EXISTS "uuid-ossp" SCHEMA public;',
        'CREATE EXTENSION IF NOT EXISTS "citext" SCHEMA public;',
    ]


def test_a_password_is_in_one_quoted_place() -> None:
    text = sql.database("legal_prod", [], PASSWORD, 25)
    assert text.count("a \\password") == 1
    assert "PASSWORD %L', 'legal_prod_" in text
    assert "'it''s; a \\password'" in text


@pytest.mark.parametrize(
    "text",
    [
        sql.database("legal_prod", ["citext"], PASSWORD, 25),
        sql.electric("legal_prod", PASSWORD, 25),
        sql.drop_logins("legal_prod_owner", "legal_prod"),
        sql.drop_electric("legal"),
    ],
    ids=["database", "electric", "drop_logins", "drop_electric"],
)
def test_every_session_keeps_its_statements_to_itself(text: str) -> None:
    """Both what psql says and what the server logs, also after a change of database."""
    for session in re.split(r"^\\connect .*$", text, flags=re.MULTILINE):
        said = [line for line in session.splitlines() if line and not line.startswith("--")]
        assert said[:5] == [
            "\\set VERBOSITY terse",
            "SET client_min_messages = warning;",
            "SET log_min_error_statement = panic;",
            "SET log_min_duration_statement = -1;",
            "SET log_statement = 'none';",
        ]


def test_texts_may_be_fed_one_after_the_other() -> None:
    for text in (
        sql.drop_logins("g", "g"),
        sql.drop_electric("legal"),
        sql.electric("d", "p", 25),
        sql.database("d", [], "p", 25),
    ):
        assert text.endswith("\n")
