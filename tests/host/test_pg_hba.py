"""The rules for logins to PostgreSQL, without one: the old ones are restored after any failure."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from host import docker, pg_hba, psql
from host.failure import Failure
from tests.doubles.asked import Asked, postgres

HBA, IDENT = "/data/pg_hba.conf", "/data/pg_ident.conf"
RELOAD, LOADED = "SELECT pg_conf_load_time() FROM pg_reload_conf();", "SELECT pg_conf_load_time();"


@dataclass
class Container:
    """PostgreSQL's container: its files, and the scripts' changes to them."""

    files: dict[str, str] = field(default_factory=lambda: {HBA: "old", IDENT: "old"})
    refused: Sequence[str] = ()
    """The scripts that fail."""
    cleaned: bool = False

    def execute(self, container: str, command: Sequence[str], **options: Any) -> docker.Output:
        if command[0] == "rm":
            self.cleaned = True
            return docker.Output(0, "", "")
        name, *paths = command[3:]
        if name in self.refused:
            return docker.Output(1, "", "read-only file system\n")
        for path in paths:
            self.files[path] = options["stdin"] or "old"
        return docker.Output(0, "", "")


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch) -> Container:
    container = Container()
    monkeypatch.setattr(docker, "execute", container.execute)
    monkeypatch.setattr(pg_hba, "LOAD_TIMEOUT_S", 0)
    return container


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    answers: dict[str, str | psql.SqlError] = {
        pg_hba.FILES: f"{HBA}\n{IDENT}\n",
        "SHOW server_version_num": "160015\n",
        RELOAD: "before\n",
        LOADED: "after\n",
    }
    return postgres(monkeypatch, **answers)


def change() -> None:
    inputs = {"hba": "new", "ident": "new", "fingerprint": "none"}
    pg_hba.run(argparse.Namespace(container="pg"), inputs)


def failure() -> str:
    with pytest.raises(Failure) as caught:
        change()
    return str(caught.value)


def test_the_new_rules_are_loaded_and_then_the_superuser_loses_its_password(container: Container, asked: Asked) -> None:
    change()
    assert container.files == {HBA: "new", IDENT: "new"}
    assert container.cleaned
    assert asked.names[-2:] == ["ALTER ROLE postgres PASSWORD NULL;", "fingerprints_save"]
    assert asked.names.index("pg_hba_roles") < asked.names.index("pg_hba_errors"), "logins are members at once"


@pytest.mark.parametrize(
    ("question", "answer", "reason"),
    [
        (
            "pg_hba_errors",
            "pg_hba.conf line 2: bad\n",
            "PostgreSQL refuses the new pg_hba.conf (pg_hba.conf line 2: bad)",
        ),
        ("pg_hba_errors", psql.Unreachable("FATAL"), "the new pg_hba.conf refuses the platform itself (FATAL)"),
        (LOADED, psql.Unreachable("FATAL"), "the new pg_hba.conf refuses the platform itself (FATAL)"),
        (LOADED, "before\n", "PostgreSQL did not load the new pg_hba.conf in 0 s"),
    ],
)
def test_the_old_rules_are_restored_if_the_new_ones_are_not_loaded(
    container: Container, asked: Asked, question: str, answer: str | psql.SqlError, reason: str
) -> None:
    asked.answers[question] = answer
    assert failure() == f"postgres: {reason}; the old pg_hba.conf is back"
    assert container.files == {HBA: "old", IDENT: "old"}
    assert "ALTER ROLE postgres PASSWORD NULL;" not in asked.names


def test_an_older_postgresql_is_not_changed(container: Container, asked: Asked) -> None:
    asked.answers["SHOW server_version_num"] = "150008\n"
    assert failure().startswith("postgres/image: is older than PostgreSQL 16")
    assert container.files[HBA] == "old"


def test_if_no_login_works_the_error_says_what_to_do(container: Container, asked: Asked) -> None:
    asked.answers[pg_hba.FILES] = psql.Unreachable('FATAL:  role "postgres" is not permitted to log in')
    assert "begin pg_hba.conf with\n  local all postgres peer" in failure()


@pytest.mark.parametrize(
    "error", ["FATAL:  the database system is starting up", "OCI runtime exec failed: exec failed: unable to start"]
)
def test_a_postgresql_that_passes_by_itself_is_not_one_with_wrong_rules(
    container: Container, asked: Asked, error: str
) -> None:
    asked.answers[pg_hba.FILES] = psql.Unreachable(error)
    assert failure() == "postgres: PostgreSQL does not answer; run up again"


def test_a_file_that_cannot_be_written_is_reported(container: Container, asked: Asked) -> None:
    container.refused = ["write_rules"]
    reason = "the new pg_hba.conf cannot be written (read-only file system)"
    assert failure() == f"postgres: {reason}; the old pg_hba.conf is back"
    container.refused = ["write_rules", "revert_rules"]
    assert failure().startswith(f"postgres: {reason}; the old one could not be put back")
    assert failure().endswith(f": it is {HBA}.previous in the container")


def test_a_later_refusal_of_postgresql_is_reported(container: Container, asked: Asked) -> None:
    asked.answers["fingerprints_save"] = psql.SqlError("ERROR:  no space left")
    assert failure() == "postgres: PostgreSQL says: ERROR:  no space left"
