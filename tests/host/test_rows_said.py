"""The login of a restore, and the shown part of PostgreSQL's errors about its rows. PostgreSQL itself is fake."""

import io

import pytest

from host import rows
from host.psql import Postgres, SqlError
from tests.doubles.asked import Answer, postgres


def test_sessions_of_an_interrupted_restore_end_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "POLL_S", 0)
    own = rows.Rows(postgres=Postgres("postgres"), database="legal", owner="legal_owner", excluded_tables=["jobs"])
    asked = postgres(monkeypatch, restore_login_end=[SqlError("no answer"), "2\n", "0\n"])
    own.create_login()
    assert asked.names == ["restore_login_end"] * 3 + ["restore_login"]
    assert asked.variables["restore_login"] == {"login": "legal-restore", "owner": "legal_owner", "triggers": "origin"}
    assert asked.exclusive == {"restore_login"}


@pytest.mark.parametrize("answer", ["1\n", SqlError("no answer")])
def test_sessions_that_do_not_end_are_an_error(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    monkeypatch.setattr(rows, "WAIT_S", 0)
    own = rows.Rows(postgres=Postgres("postgres"), database="legal", owner="legal_owner", excluded_tables=["jobs"])
    postgres(monkeypatch, restore_login_end=answer)
    with pytest.raises(SqlError):
        own.create_login()
    own.drop_login()  # which is no error: it stays until the next restore


def test_postgresqls_errors_are_shown_without_values() -> None:
    said = b"""WARNING:  nothing
psql:<stdin>:12: ERROR:  invalid input syntax for type json: "{"private
DETAIL:  Token "private" is invalid.
CONTEXT:  JSON data, line 1: {"private": private
COPY laws, line 1, column more: "private, line 2, column x: y"
ERROR:  duplicate key value violates unique constraint "laws_pkey"
DETAIL:  Key (id)=(private) already exists.
CONTEXT:  COPY notes, line 7
pg_restore: error: could not write
server closed the connection unexpectedly
FATAL:  the database system is shutting down
"""
    assert rows._errors(io.BytesIO(said)).splitlines() == [
        "ERROR:  invalid input syntax for type json",
        "CONTEXT:  COPY laws, line 1, column more",
        'ERROR:  duplicate key value violates unique constraint "laws_pkey"',
        "pg_restore: error: could not write",
        "server closed the connection unexpectedly",
    ]
