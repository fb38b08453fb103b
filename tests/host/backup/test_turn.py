"""Backups of a real PostgreSQL by real pgBackRest."""

import time
from collections.abc import Callable

import pytest

from tests.throwaway.backups import PASSPHRASE, PASSWORD, Backups

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def backups(make: Callable[..., Backups]) -> Backups:
    backups = make()
    assert backups.call("check").ok
    return backups


def test_the_first_turn_makes_a_full_backup_and_the_next_one_nothing(backups: Backups) -> None:
    [done] = backups.answer("turn")["done"]
    assert done.startswith("repository: full ")
    assert backups.answer("turn") == {"done": [], "busy": False}
    status = backups.status()
    assert [backup["type"] for backup in status["repositories"]["repository"]["backups"]] == ["full"]
    assert status["problems"] == []
    assert backups.call("health").ok


def test_check_can_be_run_again(backups: Backups) -> None:
    assert backups.answer("check") == {"result": "good"}


def test_wait_archived_returns_once_the_repository_has_the_wal(backups: Backups) -> None:
    lsn = backups.sql("CREATE TABLE one AS SELECT 1; SELECT pg_current_wal_lsn()")
    assert backups.answer("wait-archived", lsn) == {"archived": lsn}
    file = backups.sql(f"SELECT pg_walfile_name('{lsn}')")
    assert file in backups.pgbackrest("repo-ls", "--recurse", "archive").out


def test_wait_archived_says_what_is_in_the_way(backups: Backups) -> None:
    said = backups.call("wait-archived", "FF/0", "--timeout", "1")
    assert (said.code, said.out) == (1, "")
    assert said.error.startswith("backup/repository: WAL up to FF/0 is not archived after 1 s")
    said = backups.call("wait-archived", "nonsense")
    assert said.error == "backup: nonsense is no LSN such as 0/3000028\n"


def test_a_backup_waits_for_the_one_that_runs(backups: Backups) -> None:
    before = len(backups.status()["repositories"]["repository"]["backups"])
    backups.bash("python3 -m host.backup backup & python3 -m host.backup backup incr & wait")
    assert len(backups.status()["repositories"]["repository"]["backups"]) == before + 2


def test_a_turn_during_a_backup_by_hand_only_looks(backups: Backups) -> None:
    hold = "exec 9>/var/lib/backup/lock; flock 9"
    assert '"busy": true' in backups.bash(f"{hold}; python3 -m host.backup turn")
    said = backups.execute(backups.container, "bash", "-c", f"{hold}; python3 -m host.backup backup --wait 0")
    assert said.error.startswith("backup: another backup or restore test still runs")


def test_nothing_secret_is_printed(backups: Backups) -> None:
    for words in (["status"], ["check"], ["turn"], ["backup", "--repository", "second"]):
        said = backups.call(*words)
        for secret in (PASSPHRASE, PASSWORD):
            assert secret not in said.out + said.error


def test_the_container_is_unhealthy_if_no_turn_has_run_for_five_minutes(backups: Backups) -> None:
    old = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 301))
    backups.bash(f'sed -i \'s/"at": "20[^"]*Z", *$/"at": "{old}",/\' /var/lib/backup/status.json')
    said = backups.call("health")
    assert (said.code, said.error) == (1, f"backup: no turn has run since {old}\n")
    backups.answer("turn")
    assert backups.call("health").ok
