"""The server's clock is an hour off, and then right again, with real pgBackRest: nothing is lost."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.throwaway.backups import Backups
from tests.throwaway.clock import Clock, far_off

pytestmark = [pytest.mark.docker, pytest.mark.faults]
RECOVER = """
set -e
rm -rf /tmp/recovered && mkdir -m 700 /tmp/recovered
again="pgbackrest --config=/etc/pgbackrest/pgbackrest.conf --stanza=main --pg1-path=/tmp/recovered"
$again --log-level-stderr=warn --type=time --target='{moment}' --target-action=promote --archive-mode=off restore
own="-c listen_addresses= -c unix_socket_directories=/tmp/recovered -c hot_standby=off"
pg_ctl -D /tmp/recovered -w -l /tmp/log -o "$own" start >&2 || cat /tmp/log >&2
until pg_isready -q -h /tmp/recovered; do
  pg_ctl -D /tmp/recovered status >/tmp/status || {{ cat /tmp/log >&2; exit 1; }}
  sleep 0.2
done
psql -XqtA -h /tmp/recovered -U postgres -c "SELECT string_agg(row, ' ' ORDER BY n) FROM rows"
pg_ctl -D /tmp/recovered -m immediate stop >&2
"""


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


@pytest.fixture
def backups(make: Callable[..., Backups], clock: Clock) -> Backups:
    """A backup each hour. The clock is PostgreSQL's too."""
    backups = make(docker_options=clock.options, settings={"differential_hours": 1, "verify": far_off()}, memory_mb=512)
    assert backups.call("check").ok
    assert turn(backups) == ["full"]
    time.sleep(1.1)  # a moment must be in a later second than the backup's end
    assert not backups.status()["problems"]
    backups.sql("CREATE TABLE rows (n serial, row text)")
    return backups


def turn(backups: Backups) -> list[str]:
    """Does one turn, and returns the types of the backups that it makes."""
    return [each.split()[1] for each in backups.answer("turn")["done"] if each.startswith("repository: ")]


def write(backups: Backups, row: str) -> str:
    """Commits a row, and returns the moment after it."""
    backups.sql(f"INSERT INTO rows (row) VALUES ('{row}')")
    moment = backups.sql("SELECT clock_timestamp() FROM pg_sleep(0.1)")
    backups.answer("wait-archived", backups.sql("SELECT pg_current_wal_insert_lsn()"))
    return moment


def is_archived_by_turns(backups: Backups, row: str) -> bool:
    """Commits a row, and returns whether the turns alone archive it."""
    backups.sql(f"INSERT INTO rows (row) VALUES ('{row}')")
    name = backups.sql("SELECT pg_walfile_name(pg_current_wal_insert_lsn())")
    for _ in range(4):
        assert turn(backups) == []
        if backups.sql("SELECT last_archived_wal FROM pg_stat_archiver") >= name:
            return True
        time.sleep(15)
    return False


def labels(backups: Backups) -> list[str]:
    return [backup["label"] for backup in backups.status()["repositories"]["repository"]["backups"]]


def recovered(backups: Backups, moment: str) -> str:
    """Returns the rows of a cluster that is recovered to a moment."""
    return backups.bash(RECOVER.format(moment=moment))


def is_whole(backups: Backups) -> bool:
    """Whether nothing is wrong, the restore test is good, and all log is there without a gap."""
    good = backups.answer("verify")["result"] == "good"
    status = backups.status()
    return good and not status["problems"] and len(status["repositories"]["repository"]["ranges"]) == 1


def test_an_hour_ahead_and_then_right_again(backups: Backups, clock: Clock) -> None:
    before = write(backups, "before")
    clock.shift(60)
    assert turn(backups) == ["diff"]
    write(backups, "ahead")
    assert is_whole(backups)
    made = labels(backups)

    clock.shift(0)
    assert is_archived_by_turns(backups, "right")
    [problem] = backups.status()["problems"]
    assert f"backup {made[-1]} is from the future, so the server's clock was or is wrong" in problem
    assert backups.answer("verify")["result"] == "good"
    assert recovered(backups, before) == "before"

    clock.shift(70)  # the wrong hour is over
    assert is_whole(backups)
    clock.shift(125)
    assert turn(backups) == ["diff"]
    last = write(backups, "last")
    write(backups, "after")
    assert is_whole(backups)
    assert labels(backups)[:2] == made
    assert recovered(backups, last) == "before ahead right last"


def test_an_hour_behind_and_then_right_again(backups: Backups, clock: Clock) -> None:
    write(backups, "before")
    made = labels(backups)
    clock.shift(-60)
    assert is_archived_by_turns(backups, "behind")
    assert any(f"backup {made[0]} is from the future" in problem for problem in backups.status()["problems"])
    assert backups.answer("verify")["result"] == "good"

    clock.shift(0)
    right = write(backups, "right")
    write(backups, "later")
    assert recovered(backups, right) == "before behind right"

    clock.shift(65)  # the next backup is due
    assert turn(backups) == ["diff"]
    last = write(backups, "last")
    write(backups, "after")
    assert is_whole(backups)
    assert labels(backups)[:1] == made
    assert recovered(backups, last) == "before behind right later last"
