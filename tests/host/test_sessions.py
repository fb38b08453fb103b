"""Verbs with the caller's streams, on real containers: logs, commands in a container, psql."""

import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from render import sql
from tests.places import ROOT
from tests.throwaway.box import Boxes, docker
from tests.throwaway.calling import PROGRAM
from tests.throwaway.cluster import by_hand, make
from tests.waiting import eventually, hear

pytestmark = pytest.mark.docker
TICKS = "trap 'exit 0' TERM; echo began; while :; do echo tick; echo tock >&2; sleep 0.2; done"


def session(*words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    result = subprocess.run([*PROGRAM, *words], cwd=ROOT, input=stdin, capture_output=True, text=True, timeout=60)
    hear(result)
    return result


@contextmanager
def following(boxes: Boxes, *words: str) -> Iterator["subprocess.Popen[str]"]:
    command = [*PROGRAM, "logs", boxes.stack, "legal", "--parts", "app", "electric", "--follow", *words]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
    eventually(lambda: subprocess.run(["pgrep", "-f", f"docker logs .* {boxes.stack}"]).returncode == 1)


def read_until(stream: IO[str] | None, words: str) -> list[str]:
    """Returns the lines up to the one that is asked for."""
    lines: list[str] = []
    for line in stream or ():
        lines.append(line.rstrip("\n"))
        if lines[-1] == words:
            return lines
    raise AssertionError(f"{words} is not in {lines[-20:]}")


def test_logs_are_merged_in_the_order_of_time_each_line_with_its_part(boxes: Boxes) -> None:
    boxes.start("app", "echo 1; touch /tmp/1; sleep 1; echo 3; sleep 600", boxes.labels("legal"))
    eventually(lambda: docker("exec", f"{boxes.stack}-app", "test", "-e", "/tmp/1").ok)
    boxes.start("electric", "echo 2; sleep 600", boxes.labels("legal", "electric"))
    boxes.start("other", "echo 4; sleep 600", boxes.labels("auth"))
    words = ["logs", boxes.stack, "legal", "--parts", "app", "frontend", "electric"]
    eventually(lambda: len(session(*words).stdout.splitlines()) == 3)
    lines = session(*words).stdout.splitlines()
    assert sorted(lines) == ["app\t1", "app\t3", "electric\t2"]
    assert lines.index("app\t1") < lines.index("electric\t2")
    assert session(*words, "--lines", "1").stdout.splitlines().count("app\t3") == 1
    assert "app\t1" not in session(*words, "--lines", "1").stdout


def test_a_container_that_has_died_still_has_its_log(boxes: Boxes) -> None:
    boxes.start("app", "echo why it died >&2; exit 1", boxes.labels("legal"))
    eventually(lambda: session("logs", boxes.stack, "legal", "--parts", "app").stdout == "app\twhy it died\n")


def test_a_followed_log_goes_on_with_a_restarted_and_with_a_new_container_and_says_no_line_twice(boxes: Boxes) -> None:
    app = boxes.start("app", "echo old; sleep 600", boxes.labels("legal"))
    with following(boxes) as process:
        assert read_until(process.stdout, "app\told") == ["app\told"]
        assert docker("restart", "-t", "0", app).ok
        assert read_until(process.stdout, "app\told") == ["app\told"], "of the second start alone"
        boxes.start("next", "echo new; sleep 600", boxes.labels("legal"))
        assert read_until(process.stdout, "app\tnew") == ["app\tnew"]


def test_a_log_that_nobody_reads_any_more_is_followed_no_longer(boxes: Boxes) -> None:
    boxes.start("app", TICKS, boxes.labels("legal"))
    boxes.start("electric", "echo silent; sleep 600", boxes.labels("legal", "electric"))
    for part in ("app", "electric"):
        command = [*PROGRAM, "logs", boxes.stack, "legal", "--parts", part, "--follow"]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stdout.readline()
            process.stdout.close()
            try:
                assert process.wait(timeout=60) == 0
            finally:
                process.kill()


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--parts", "frontend"], "legal: has no container of frontend"), (["--parts", "app", "--since", "soon"], "soon")],
)
def test_a_log_that_cannot_be_shown_is_refused(boxes: Boxes, words: list[str], message: str) -> None:
    boxes.start("app", "sleep 600", boxes.labels("legal"))
    result = session("logs", boxes.stack, "legal", *words)
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_command_has_the_callers_streams_and_its_exit_code_comes_back(boxes: Boxes) -> None:
    boxes.start("app", "sleep 600", boxes.labels("legal"))
    words = ["exec", "--gateway", "trial-nobody", boxes.stack, "legal", "app", "--"]
    assert session(*words, "cat", stdin="typed").stdout == "typed", "without a gateway the running one is chosen"
    assert session(*words, "sh", "-c", "exit 7").returncode == 7
    assert session(*words, "printf", "%s|", "a b", "--c", "$HOME").stdout == "a b|--c|$HOME|"


def test_a_command_has_a_terminal_if_the_caller_has_one(boxes: Boxes) -> None:
    boxes.start("app", "sleep 600", boxes.labels("legal"))
    options = ["--gateway", "trial-nobody", "--terminal", boxes.stack, "legal", "app", "--", "sh", "-c", "test -t 0"]
    leader, follower = pty.openpty()
    try:
        result = subprocess.run(
            [*PROGRAM, "exec", *options], cwd=ROOT, stdin=follower, stdout=follower, stderr=follower
        )
    finally:
        os.close(leader)
        os.close(follower)
    assert result.returncode == 0


def test_a_part_that_does_not_run_is_named(boxes: Boxes) -> None:
    result = session("exec", "--gateway", "trial-nobody", boxes.stack, "legal", "electric", "--", "true")
    assert (result.returncode, result.stderr) == (
        1,
        "legal/electric: does not run: `./sertantai logs legal` shows why\n",
    )


@pytest.fixture
def database(cluster: str, name: str) -> Iterator[str]:
    make(cluster, name)
    yield name
    by_hand(cluster, f"DROP DATABASE {name} WITH (FORCE)")


def test_psql_has_the_apps_rights_and_refuses_a_write_until_it_is_asked_for(cluster: str, database: str) -> None:
    def psql(statement: str, *options: str) -> "subprocess.CompletedProcess[str]":
        target = ["--postgres", cluster, "--owner", sql.owner(database), "--caller", "op@laptop", *options, database]
        return session("open-psql", *target, "--", "-qtA", "-c", statement)

    who = psql("SELECT session_user, current_user, current_setting('application_name')").stdout
    assert who == f"{sql.login(database, 'one')}|{sql.owner(database)}|psql op@laptop\n"
    by_hand(cluster, f"ALTER DATABASE {database} SET default_transaction_read_only = off")
    refused = psql("CREATE TABLE made_by_hand ()")
    assert refused.returncode != 0
    assert "cannot execute CREATE TABLE in a read-only transaction" in refused.stderr
    assert psql("CREATE TABLE made_by_hand (); DROP TABLE made_by_hand", "--write").returncode == 0
    assert "permission denied" in psql("SELECT pg_read_file('/etc/passwd')", "--write").stderr


def test_psql_of_a_missing_database_says_so(cluster: str) -> None:
    result = session("open-psql", "--postgres", cluster, "--owner", "nobodys_owner", "nobodys", "--", "-c", "SELECT 1")
    assert (result.returncode, result.stderr.startswith("nobodys: the database or its app's login")) == (1, True)


def test_psql_of_the_superuser_is_read_only_too(cluster: str) -> None:
    result = session("open-psql", "--postgres", cluster, "postgres", "--", "-c", "CREATE TABLE made_by_hand ()")
    assert "read-only transaction" in result.stderr


def test_no_default_of_a_databases_owner_changes_what_the_superuser_calls(cluster: str, database: str) -> None:
    owner = sql.owner(database)
    by_hand(
        cluster,
        f"SET ROLE {owner}; CREATE SCHEMA evil; CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE sql AS "
        f"'SELECT ''evil''::text'; ALTER DATABASE {database} SET search_path = evil, pg_catalog; "
        f"ALTER DATABASE {database} SET role = {owner}",
        database,
    )
    who = "SELECT pg_catalog.concat(lower('A'), ' ', current_user)"
    there = session("open-psql", "--postgres", cluster, database, "--", "-qtA", "-c", who)
    connected = session(
        "open-psql", "--postgres", cluster, "postgres", "--", "-qtA", stdin=f"\\connect {database}\n{who};"
    )
    assert (there.stdout, connected.stdout) == ("a postgres\n", "a postgres\n"), there.stderr + connected.stderr
