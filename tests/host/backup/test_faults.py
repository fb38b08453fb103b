"""Faults of repositories, backups and PostgreSQL, with real pgBackRest: nothing is lost, nothing is silently late."""

from collections.abc import Callable

import pytest

from tests.throwaway.backups import CREATE_ROLE, DATA, LOCAL, TURN, Backups, configuration
from tests.throwaway.box import docker
from tests.waiting import eventually

pytestmark = [pytest.mark.docker, pytest.mark.faults]

FIRST = "/var/lib/pgbackrest/first"
BIG = "CREATE TABLE big AS SELECT md5(n::text) || md5((n + 1)::text) AS text FROM generate_series(1, 2000000) n"
GONE = {
    "type": "sftp",
    "path": "/gone",
    "sftp-host": "127.0.0.1",
    "sftp-host-port": "9",
    "sftp-host-user": "nobody",
    "sftp-host-key-hash-type": "sha256",
    "sftp-known-host": "/tmp/known",
    "sftp-private-key-file": "/tmp/key",
}


@pytest.fixture(scope="module")
def backups(make: Callable[..., Backups]) -> Backups:
    backups = make()
    assert backups.call("check").ok
    backups.answer("turn")
    backups.sql(BIG)
    return backups


def problem(backups: Backups) -> str:
    """Returns the only problem, with which the container is unhealthy after a turn."""
    backups.bash("rm -f /var/lib/backup/seen.json /var/lib/backup/verify.json")
    assert backups.call("turn").ok
    said = backups.call("health")
    assert said.code == 1
    [line] = said.error.splitlines()
    return line


def labels(backups: Backups) -> list[str]:
    return [backup["label"] for backup in backups.status()["repositories"]["repository"]["backups"]]


def begin_backup(backups: Backups) -> None:
    """Starts a long full backup, and returns while it copies files."""
    backups.bash("touch /tmp/begun")
    docker("exec", "-d", backups.container, "python3", "-m", "host.backup", "backup", "full")
    copying = f"pgrep -x pgbackrest && find {FIRST}/backup/main -path '*/bundle/*' -newer /tmp/begun | grep -q ."
    eventually(lambda: backups.execute(backups.container, "bash", "-c", copying).ok)


def started(backups: Backups) -> str:
    return backups.sql("SELECT pg_postmaster_start_time()")


def test_a_repository_that_cannot_be_reached_restarts_no_backend_and_is_loud(backups: Backups) -> None:
    before = started(backups)
    backups.configure({"pgbackrest.conf": configuration(GONE, archive_timeout="10")})
    try:
        backups.sql("CREATE TABLE waits AS SELECT 1; SELECT pg_switch_wal()")
        assert "unable to connect" in problem(backups)
        said = backups.call("wait-archived", backups.sql("SELECT pg_current_wal_lsn()"), "--timeout", "2")
        assert "is not archived after 2 s: unable to connect" in said.error
        said = backups.call("check", "--timeout", "2")
        assert said.error.startswith("backup/repository: unable to connect")
        eventually(lambda: backups.sql("SELECT failed_count > 0 FROM pg_stat_archiver") == "t", timeout_s=120)
        late = f"touch -d '10 minutes ago' {DATA}/pg_wal/archive_status/*.ready"
        assert backups.execute(backups.postgres, "bash", "-c", late).ok
        backups.call("turn")
        said = backups.call("health")
        assert "wait to be archived, the oldest for 10 minutes" in said.error
        log = docker("logs", backups.postgres)
        assert "terminating any other active server processes" not in log.out + log.error
        assert started(backups) == before
    finally:
        backups.configure({"pgbackrest.conf": configuration()})
    eventually(lambda: backups.call("wait-archived", backups.sql("SELECT pg_current_wal_lsn()")).ok, timeout_s=120)
    backups.bash("rm -f /var/lib/backup/seen.json")
    backups.answer("turn")
    assert backups.call("health").ok


def test_a_wrong_passphrase_is_named(backups: Backups) -> None:
    backups.configure({"pgbackrest.conf": configuration(passphrase="another one")})
    try:
        assert "backup/repository: cannot be decrypted: is its passphrase" in problem(backups)
        said = backups.call("check")
        assert (said.code, "cannot be decrypted" in said.error) == (1, True)
    finally:
        backups.configure({"pgbackrest.conf": configuration()})
        backups.bash("rm -f /var/lib/backup/seen.json")


def test_a_killed_backup_does_not_count_and_the_next_one_is_whole(backups: Backups) -> None:
    before = labels(backups)
    begin_backup(backups)
    backups.bash("pkill -KILL -x pgbackrest; pkill -KILL -f '[h]ost.backup backup'; true")
    assert labels(backups) == before
    backups.answer("turn")
    assert backups.call("backup", "full").ok
    assert len(labels(backups)) == len(before) + 1
    backups.answer("turn")
    assert backups.call("health").ok


def test_postgresql_killed_during_a_backup_fails_it_and_the_next_one_is_whole(backups: Backups) -> None:
    before = labels(backups)
    begin_backup(backups)
    docker("kill", backups.postgres)
    eventually(lambda: "backup" not in backups.bash("pgrep -af '[h]ost.backup backup' || true"))
    docker("start", backups.postgres)
    eventually(lambda: docker("exec", backups.postgres, "pg_isready", "-q", "-h", "127.0.0.1").ok)
    assert labels(backups) == before
    assert "the last backup failed at" in problem(backups)
    assert backups.call("backup", "full").ok
    backups.answer("turn")
    assert backups.call("health").ok


def test_a_damaged_file_of_the_newest_backup_fails_the_restore_test(backups: Backups) -> None:
    label = labels(backups)[-1].partition("_")[0]
    file = backups.bash(f"find {FIRST}/backup/main/{label} -path '*/pg_data/*' -type f -size +1M | head -1")
    backups.bash(f"cp {file} /tmp/whole; printf damaged | dd of={file} bs=1 seek=50000 conv=notrunc status=none")
    verify = backups.answer("verify")
    backups.bash(f"cp /tmp/whole {file}")
    assert verify["result"] == "bad"
    assert backups.answer("verify")["result"] == "good"


def test_lost_wal_fails_the_restore_test(backups: Backups) -> None:
    backups.answer("backup", "full")
    lsn = backups.sql("CREATE TABLE here AS SELECT 1; SELECT pg_current_wal_lsn()")
    backups.answer("wait-archived", lsn)
    file = backups.sql(f"SELECT pg_walfile_name('{lsn}')")
    path = backups.bash(f"find {FIRST}/archive -name '{file}-*'")
    backups.bash(f"mv {path} /tmp/lost")
    verify = backups.answer("verify")
    backups.bash(f"mv /tmp/lost {path}")
    assert verify["result"] == "bad"
    assert "were lost" in verify["error"]


def test_another_clusters_repository_is_refused(backups: Backups) -> None:
    newest = labels(backups)[-1]
    docker("stop", "-t", "30", backups.postgres)
    docker("rm", backups.postgres)
    wipe = ["run", "--rm", "--network", "none", "-v", f"{backups.name}-data:{DATA}", backups.image]
    assert docker(*wipe, "find", DATA, "-mindepth", "1", "-delete").ok
    backups.start_postgres()
    backups.sql(CREATE_ROLE)
    said = backups.call("check")
    assert said.error.startswith("backup/repository: holds the backups of another cluster (system ")
    assert newest in said.error
    assert "`./sertantai recover --lost`" in said.error
    assert "another cluster" in problem(backups)
    assert backups.call("backup").error == said.error


def test_the_loop_makes_the_first_backup_by_itself_and_ends_at_once_also_during_one(
    make: Callable[..., Backups],
) -> None:
    backups = make(entry=TURN)
    eventually(lambda: backups.status()["repositories"]["repository"]["backups"])
    eventually(lambda: backups.call("health").ok)
    backups.sql(BIG)
    begin_backup(backups)
    stopped = docker("stop", "-t", "30", backups.container)
    assert stopped.took_s < 15
    assert docker("inspect", "-f", "{{.State.ExitCode}}", backups.container).out == "0"
    docker("start", backups.container)
    eventually(lambda: backups.call("backup", "incr").ok)


def test_a_full_repository_is_loud_and_postgresql_works_on(make: Callable[..., Backups], base_image: str) -> None:
    backups = Backups(base_image)
    small = ["--driver", "local", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=12m,mode=1777"]
    assert docker("volume", "create", *small, f"{backups.name}-repository").ok
    try:
        backups.start({"pgbackrest.conf": configuration(LOCAL, archive_timeout="10")})
        backups.answer("turn")
        backups.sql("CREATE TABLE big AS SELECT md5(n::text) FROM generate_series(1, 600000) n")
        assert backups.call("backup", "full").code == 1
        assert "is the repository full?" in problem(backups)
        assert backups.sql("SELECT count(*) FROM big") == "600000"
        log = docker("logs", backups.postgres)
        assert "terminating any other active server processes" not in log.out + log.error
    finally:
        backups.clear()
