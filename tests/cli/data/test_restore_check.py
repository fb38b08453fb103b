"""`restore --check` compares a real dump with a real database, and changes nothing."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import __main__ as command
from cli.data import restore_check
from cli.server import at_host
from cli.stack import services
from host.recovery import Names
from render import sql
from tests.places import ROOT
from tests.throwaway.calling import PROGRAM
from tests.throwaway.cluster import by_hand, make

pytestmark = pytest.mark.docker


@pytest.fixture
def database(cluster: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database with one empty table, and a stack file whose service has it and a dump of one row."""
    make(cluster, name)
    owner = f"SET ROLE {sql.owner(name)};"
    by_hand(cluster, f"{owner} CREATE TABLE laws (id int PRIMARY KEY); INSERT INTO laws VALUES (1)", name)
    dump = tmp_path / "legal.dump"
    with dump.open("wb") as file:
        line = ["docker", "exec", cluster, "pg_dump", "-U", "postgres", "-Fc", "-a", name]
        subprocess.run(line, stdout=file, check=True)
    by_hand(cluster, f"{owner} DELETE FROM laws", name)
    block = f"database: {{name: {name}}}, app: {{}}, restore: {{dump: {dump}, expect: {{laws: 1}}}}"
    (tmp_path / "Pulumi.trial.yaml").write_text(
        f"config: {{sertantai:services: {{legal: {{{block}}}, auth: {{app: {{}}}}}}}}"
    )
    monkeypatch.setattr(services, "ROOT", tmp_path)
    monkeypatch.setattr(restore_check, "ROOT", ROOT)
    monkeypatch.setattr(at_host, "find_program", lambda _: PROGRAM)
    monkeypatch.setattr(Names, "of", lambda *_: cluster)
    yield name
    by_hand(cluster, f"DROP DATABASE {name} WITH (FORCE)")


def call(*words: str) -> tuple[int, str]:
    """Returns the exit code, and the result or else the refusal."""
    result = CliRunner().invoke(command.app, ["restore", *words, "--stack", "trial"])
    return result.exit_code, " ".join((result.stdout or result.stderr).split())


def test_a_dump_that_fits_is_said_to_fit_and_its_rows_are_not_loaded(cluster: str, database: str) -> None:
    code, text = call("legal", "--check")
    assert code == 0, text
    assert f"fits {database}: 1 rows of 1 tables. Nothing was changed." in text
    assert by_hand(cluster, "SELECT count(*) FROM laws", database).strip() == "0"


def test_a_difference_is_named_and_is_the_exit_code(cluster: str, database: str) -> None:
    by_hand(cluster, "ALTER TABLE laws RENAME id TO number", database)
    code, text = call("legal", "--check")
    assert code == 1
    assert f"services/legal/restore/dump: does not fit {database}:" in text


def test_a_database_that_cannot_be_compared_is_no_fit(cluster: str, database: str, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.trial.yaml"
    file.write_text(file.read_text().replace(f"name: {database}", "name: nobodys"))
    code, text = call("legal", "--check")
    assert code == 1
    assert "nobodys: cannot be compared: it does not exist yet" in text


def test_without_a_declared_dump_or_the_option_it_says_what_does_it(database: str) -> None:
    assert (
        "services/auth/restore: is not declared: `./sertantai dump auth --from URL --stack trial`"
        in call("auth", "--check")[1]
    )
    assert "--check: is missing: `up` restores" in call("legal")[1]
