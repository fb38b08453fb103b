"""`./sertantai dump`: how it calls PostgreSQL's own programs, and when it refuses."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.__main__ import app
from cli.data import dump
from render.archive import read
from tests.places import copy_from_project
from tests.throwaway.cluster import by_hand

URL = "postgresql://postgres:hidden%20word@127.0.0.1:5432/legal_dev?sslmode=prefer"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one service, and an empty folder first on the PATH."""
    (tmp_path / "Pulumi.prod.yaml").write_text("config: {'sertantai:services': {legal: {}}}\n")
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(dump, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def program(project: Path, name: str, script: str) -> None:
    """Writes a program of PostgreSQL's that records its calls."""
    file = project / "bin" / name
    file.write_text(f'#!/bin/sh\necho "$0 $* $PGPASSWORD" >> {project}/calls\n{script}\n')
    file.chmod(0o755)


def made(*words: str, source: str = URL) -> Result:
    return CliRunner().invoke(app, ["dump", "legal", "--from", source, *words], env={"COLUMNS": "200"})


def test_a_pg_dump_that_is_older_than_the_source_is_refused(project: Path) -> None:
    program(project, "psql", "echo 170004")
    program(project, "pg_dump", 'echo "pg_dump (PostgreSQL) 16.4"')
    said = made()
    assert said.exit_code == 1
    assert "pg_dump: is version 16 and the source server is 17: " in said.output
    assert "install postgresql-client-17" in said.output
    assert not (project / "dumps" / "legal.dump").exists()


@pytest.mark.parametrize(
    ("source", "url", "password"),
    [
        (URL, "postgresql://postgres@127.0.0.1:5432/legal_dev?sslmode=prefer", "hidden word"),
        ("ecto://u:hidden@h/d", "postgresql://u@h/d", "hidden"),
        ("postgresql://u@h/d?password=hidden", "postgresql://u@h/d", "hidden"),
        (
            "postgresql://h/d?user=u&password=h%2Bi+%23%C3%A9&passfile=/pass",
            "postgresql://h/d?user=u&passfile=/pass",
            "h+i+#\u00e9",
        ),
        ("postgresql://u:first@h/d?pass%77ord=hidden", "postgresql://u@h/d", "hidden"),
        ("postgresql://u:a%40b%2Fc@h/d", "postgresql://u@h/d", "a@b/c"),
    ],
)
def test_no_programs_command_line_has_the_password(project: Path, source: str, url: str, password: str) -> None:
    program(project, "psql", "echo 160004")
    program(project, "pg_dump", '[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 16.4" || exit 1')
    made(source=source)
    asking, _, dumping = (project / "calls").read_text().splitlines()
    for call in (asking, dumping):
        assert call.endswith(f" {password}"), "it is in the environment"
        assert f" --dbname={url} " in call
        assert password not in call.removesuffix(password)


@pytest.mark.parametrize(
    "source",
    [
        "postgresql://u@h/d?sslpassword=hidden",
        "postgresql://u@h/d?%73slpassword=hidden",
        "postgresql://u:hid/den@h/d",
        "postgresql://u:hid?den@h/d",
        "postgresql://u:hid#den@h/d",
        "postgresql://u:12/hid?den=x@h/d",
        "postgresql://[hidden]/d",
        "postgresql://u@h/d?password=hid%00den",
    ],
)
def test_a_url_whose_secret_cannot_be_removed_is_refused_and_not_shown(project: Path, source: str) -> None:
    program(project, "psql", "echo 160004")
    said = made(source=source)
    assert said.exit_code == 1
    assert said.output.startswith("--from: ")
    assert "hid" not in said.output
    assert isinstance(said.exception, SystemExit), "no traceback"
    assert not (project / "calls").exists()


def test_it_dumps_what_a_restore_accepts(project: Path) -> None:
    program(project, "psql", "echo 160004")
    program(project, "pg_dump", '[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 16.4" || exit 1')
    made()
    dumping = (project / "calls").read_text().splitlines()[-1]
    for option in ("--format=custom", "--data-only", "--no-owner", "--no-acl", "--exclude-table-data=oban_jobs"):
        assert f" {option} " in dumping
    assert "schema_migrations" not in dumping, "their versions are compared"


@pytest.mark.parametrize("failure", ["exit 1", "echo nonsense"])
def test_a_failed_dump_keeps_the_previous_one(project: Path, failure: str) -> None:
    program(project, "psql", "echo 160004")
    program(project, "pg_dump", f'[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 16.4" || {{ {failure}; }}')
    (project / "dumps").mkdir()
    (project / "dumps" / "legal.dump").write_text("previous")
    said = made()
    assert said.exit_code == 1
    assert "--from: " in said.output
    assert "Traceback" not in said.output
    assert [file.name for file in (project / "dumps").iterdir()] == ["legal.dump"]
    assert (project / "dumps" / "legal.dump").read_text() == "previous"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dump", "legl", "--from", URL], "legl: no stack file has such a service; did you mean legal?"),
        (["dump", "legal", "--from", "localhost:5432"], "--from: must be a URL such as postgresql://"),
        (["dump", "legal", "--from", "mysql://localhost/x"], "--from: must be a URL such as postgresql://"),
    ],
)
def test_mistakes_are_reported_with_what_to_do(project: Path, words: list[str], said: str) -> None:
    ended = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert ended.exit_code == 1
    assert said in ended.output


def test_without_postgresqls_programs_the_error_says_what_to_install(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{project}/bin")
    assert "psql: is not on this machine: install PostgreSQL's client" in made().output


@pytest.mark.docker
def test_a_real_dump_can_be_read_and_nobody_else_may_read_it(project: Path, cluster: str) -> None:
    for name in ("psql", "pg_dump"):
        program(project, name, f'exec docker exec -i {cluster} {name} "$@"')
    by_hand(cluster, "CREATE DATABASE legal_dev")
    try:
        by_hand(
            cluster, "CREATE TABLE uk_lrt (id int); INSERT INTO uk_lrt SELECT generate_series(1, 1500)", "legal_dev"
        )
        said = made(source="postgresql://postgres@/legal_dev")
        assert said.exit_code == 0, said.output
    finally:
        by_hand(cluster, "DROP DATABASE legal_dev")
    file = project / "dumps" / "legal.dump"
    with file.open("rb") as dump_file:
        assert [(table.name, table.rows) for table in read(dump_file).restored_tables()] == [("uk_lrt", 1500)]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "{legal: {restore: {dump: dumps/legal.dump, expect: {uk_lrt: 1500}}}}" in said.output


def test_the_command_runs_from_every_folder_with_the_projects_python(tmp_path: Path) -> None:
    copy_from_project(tmp_path, "sertantai", "cli", "settings", "render", "components", "host")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (tmp_path / ".venv" / ".ready").touch()
    called = tmp_path / "elsewhere"
    called.symlink_to(tmp_path / "sertantai")
    said = subprocess.run([called, "dump", "--help"], cwd="/", capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert "--from" in said.stdout
