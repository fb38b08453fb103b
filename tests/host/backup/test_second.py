"""The second repository, which this container fills."""

from collections.abc import Callable

import pytest

from tests.throwaway.backups import SECOND, Backups, configuration

pytestmark = pytest.mark.docker
FOLDER = "/var/lib/pgbackrest/second/archive/main/17-1"


@pytest.fixture(scope="module")
def backups(make: Callable[..., Backups]) -> Backups:
    backups = make(
        {"second.conf": configuration(SECOND, passphrase="another-passphrase", archive_timeout="60")},
        settings={"repositories": {"repository": "local", "second": "local"}},
    )
    assert backups.call("check").ok
    return backups


def write(backups: Backups) -> str:
    """Writes a file of WAL that the first repository has. Returns its name."""
    lsn = backups.sql("CREATE TABLE IF NOT EXISTS t (n int); INSERT INTO t VALUES (1); SELECT pg_current_wal_lsn()")
    backups.answer("wait-archived", lsn)
    return backups.sql(f"SELECT pg_walfile_name('{lsn}')")


def has(backups: Backups, file: str, config: str) -> bool:
    return file in backups.pgbackrest("repo-ls", "--recurse", "archive", config=config).out


def test_each_repository_gets_its_own_backup_and_the_same_wal(backups: Backups) -> None:
    done = backups.answer("turn")["done"]
    assert done[0].startswith("repository: full ")
    assert done[-1].startswith("second: full ")
    file = write(backups)
    assert not has(backups, file, "second.conf")
    assert "WAL files" in backups.answer("turn")["done"][0]
    assert has(backups, file, "second.conf")
    status = backups.status()
    assert status["problems"] == []
    assert len(status["repositories"]["second"]["ranges"]) == 1


def test_the_second_one_is_restored_and_compared_too(backups: Backups) -> None:
    write(backups)
    test = backups.answer("verify", "--repository", "second")
    assert (test["result"], test["error"], test["repository"]) == ("good", "", "second")
    folder = "/var/lib/pgbackrest/second/backup"
    backups.bash(f"mv {folder} {folder}.away && mkdir {folder}")
    try:
        assert backups.answer("verify", "--repository", "second")["result"] == "bad"
        assert backups.answer("verify", "--repository", "repository")["result"] == "good"
        [problem] = [each for each in backups.status()["problems"] if each.startswith("backup/verify")]
    finally:
        backups.bash(f"rm -r {folder} && mv {folder}.away {folder}")
    assert problem.startswith("backup/verify: the last restore test of backup/second failed: ")
    assert backups.answer("verify", "--repository", "second")["result"] == "good"


@pytest.mark.faults
def test_one_that_is_down_stops_nothing_else_and_catches_up(backups: Backups) -> None:
    backups.bash(f"chmod 500 {FOLDER} {FOLDER}/*")
    files = [write(backups), write(backups)]
    assert backups.call("turn").ok
    [problem] = backups.status()["problems"]
    assert problem.startswith("backup/second: ")
    assert "Permission denied" in problem
    assert backups.call("backup", "incr").ok
    assert backups.call("backup", "incr", "--repository", "second").code == 1
    assert has(backups, files[-1], "pgbackrest.conf")
    assert not has(backups, files[0], "second.conf")
    backups.answer("turn")
    assert backups.call("health").code == 1
    backups.bash(f"chmod 700 {FOLDER} {FOLDER}/*")
    backups.answer("turn")
    assert all(has(backups, file, "second.conf") for file in files)
    backups.bash("python3 -m host.backup backup incr --repository second")
    backups.answer("turn")
    assert backups.status()["problems"] == []


@pytest.mark.faults
def test_one_that_is_gone_is_an_error_and_the_first_one_works(backups: Backups) -> None:
    backups.bash("mv /var/lib/pgbackrest/second /var/lib/pgbackrest/away; touch /var/lib/pgbackrest/second")
    write(backups)
    backups.bash("rm /var/lib/backup/seen.json")
    backups.answer("turn")
    assert any(problem.startswith("backup/second: ") for problem in backups.status()["problems"])
    assert backups.call("backup", "incr").ok
    backups.bash("rm /var/lib/pgbackrest/second; mv /var/lib/pgbackrest/away /var/lib/pgbackrest/second")
    backups.answer("turn")


@pytest.mark.faults
def test_without_the_first_one_it_says_that_no_wal_comes(backups: Backups) -> None:
    write(backups)
    backups.bash("mv /var/lib/pgbackrest/first /var/lib/pgbackrest/away; touch /var/lib/pgbackrest/first")
    try:
        backups.call("turn")
        problems = backups.status()["problems"]
    finally:
        backups.bash("rm /var/lib/pgbackrest/first; mv /var/lib/pgbackrest/away /var/lib/pgbackrest/first")
    assert any("backup/second: gets no WAL, since backup/repository cannot be read" in problem for problem in problems)


@pytest.mark.faults
def test_on_a_new_timeline_both_are_backed_up_at_once_and_can_be_followed(backups: Backups) -> None:
    """As after a recovery: PostgreSQL reads its WAL to the end, and goes on with timeline 2."""
    backups.at_rest("touch recovery.signal; echo \"restore_command = 'false'\" >> postgresql.auto.conf")
    file = write(backups)
    assert file[:8] == "00000002"
    backups.bash("rm -f /var/lib/backup/seen.json")
    done = backups.answer("turn")["done"]
    assert [each.split()[0] for each in done if "WAL" not in each] == ["repository:", "second:"]
    assert has(backups, "00000002.history", "second.conf")
    status = backups.status()
    for repository in status["repositories"].values():
        assert [each["timeline"] for each in repository["ranges"]] == [1, 2]
    assert status["problems"] == []
    for name in ("repository", "second"):
        assert backups.answer("verify", "--repository", name)["result"] == "good"


def test_an_undeclared_repository_is_refused(backups: Backups) -> None:
    backups.settings = {}
    backups.configure({})
    assert backups.call("backup", "--repository", "second").error == "backup/second: is not declared\n"
