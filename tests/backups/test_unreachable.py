"""A network repository that cannot be used: what serves still serves, nothing is lost, and everybody is told."""

from collections.abc import Callable

import pytest

from tests.doubles.repositories.sftp import StorageBox, key_pair
from tests.throwaway.backups import DATA, TURN, Backups
from tests.waiting import eventually

from .files import files
from .platform import SFTP_PORT, STACK, Repository
from .writing import Numbers

pytestmark = [pytest.mark.docker, pytest.mark.faults, pytest.mark.xdist_group("backups")]
SERVERS = """SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity
WHERE backend_type IN ('checkpointer', 'background writer', 'walwriter')"""
Make = Callable[..., Backups]


def numbers(backups: Backups) -> Numbers:
    words = ["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-h", "/tmp", "-U", "postgres", "-d", "postgres"]
    return Numbers(backups.sql, ["docker", "exec", "-i", backups.postgres, *words])


def running(make: Make, repository: Repository, **options: object) -> Backups:
    """Returns a cluster that archives, with a first backup and nothing wrong."""
    backups = make(files(repository), entry=TURN, **options)
    eventually(lambda: backups.status()["repositories"]["repository"]["backups"], timeout_s=120)
    eventually(lambda: not backups.status()["problems"])
    return backups


def problems(backups: Backups) -> str:
    return "\n".join(backups.status()["problems"])


def is_loud(backups: Backups, words: str) -> bool:
    """Whether the status says it, and the health check fails."""
    return words in problems(backups) and not backups.call("health").ok


def is_good(backups: Backups) -> bool:
    return not problems(backups) and backups.call("health").ok


def everything_arrives(backups: Backups) -> None:
    """All that is committed is in the repository, without a gap, and the status is good."""
    position = backups.sql("SELECT pg_current_wal_insert_lsn()")
    backups.answer("wait-archived", position, "--timeout", "180")
    eventually(lambda: is_good(backups), timeout_s=180)
    assert len(backups.status()["repositories"]["repository"]["ranges"]) == 1


def test_with_the_repository_down_no_backend_restarts_and_nothing_is_lost(make: Make, repository: Repository) -> None:
    backups = running(make, repository)
    servers = backups.sql(SERVERS)
    with numbers(backups) as writing:
        writing.go_on()
        repository.stop()
        eventually(lambda: is_loud(backups, "backup/repository: "), timeout_s=120)
        # Three attempts to archive end within a minute. Each leaves processes that nobody waits for.
        eventually(lambda: backups.status()["archive"]["waiting"] >= 5, timeout_s=150)
        writing.go_on()
        repository.start()
        everything_arrives(backups)
        writing.go_on()
    assert backups.sql(SERVERS) == servers
    assert writing.connections == 1
    assert writing.lost_s() == 0


def test_a_full_repository_is_reported_and_nothing_is_lost(make: Make) -> None:
    with StorageBox(f"{STACK}-small", SFTP_PORT + 2, size="300m") as small:
        backups = running(make, small)
        with numbers(backups) as writing:
            small.fill()
            backups.sql("CREATE TABLE filler AS SELECT md5(g::text) FROM generate_series(1, 300000) g")
            eventually(lambda: is_loud(backups, "backup/repository: "), timeout_s=420)
            writing.go_on()
            small.empty()
            everything_arrives(backups)
        assert writing.connections == 1
        assert writing.lost_s() == 0


def test_a_wrong_key_is_reported_and_the_right_one_cures_it(make: Make, repository: Repository) -> None:
    backups = running(make, repository)
    wrong = {"backup_sftp_key": key_pair()[0], "backup_s3_secret": "another"}
    backups.configure(files(repository, secrets=wrong))
    eventually(lambda: is_loud(backups, "backup/repository: "), timeout_s=120)
    refused = backups.call("check", "--timeout", "5")
    assert not refused.ok
    assert refused.error.startswith("backup/repository: ")
    for secret in (repository.key, wrong["backup_sftp_key"]):
        assert secret not in refused.error + str(backups.status())
    backups.configure(files(repository))
    everything_arrives(backups)


def test_another_bucket_or_folder_is_refused(make: Make, repository: Repository) -> None:
    """One that does not exist, as one that may not be written to."""
    texts = files(repository)
    wrong = texts["pgbackrest.conf"].replace("sertantai-backups", "somebody-elses")
    wrong = wrong.replace("repo1-path=/backups/", "repo1-path=/not-ours/")
    backups = make(texts | {"pgbackrest.conf": wrong})
    refused = backups.call("check", "--timeout", "5")
    assert not refused.ok
    assert refused.error.startswith("backup/repository: ")
    assert backups.sql("SELECT 1") == "1"


def test_archiving_that_is_a_gigabyte_behind_catches_up(make: Make, repository: Repository) -> None:
    backups = running(make, repository)
    with numbers(backups) as writing:
        repository.stop()
        for _ in range(8):  # 128 MiB each, which cannot be compressed
            backups.sql(
                "CREATE TABLE IF NOT EXISTS large (bytes bytea); ALTER TABLE large ALTER bytes SET STORAGE EXTERNAL;"
                "INSERT INTO large SELECT string_agg(sha512(random()::text::bytea), '') "
                "FROM generate_series(1, 2000000) g GROUP BY g / 100"
            )
        assert backups.status()["archive"]["waiting"] >= 60
        repository.start()
        everything_arrives(backups)
    assert writing.connections == 1
    assert writing.lost_s() == 0


def test_a_second_clusters_backups_are_refused(make: Make, repository: Repository) -> None:
    running(make, repository)
    other = make(files(repository))
    refused = other.call("check", "--timeout", "5")
    assert not refused.ok
    assert "backup/repository: holds the backups of another cluster (system " in refused.error
    assert "choose another path, or recover it: `./sertantai recover --lost`" in refused.error


def test_a_data_disk_that_is_almost_full_is_reported_before_postgresql_stops(make: Make, box: StorageBox) -> None:
    """Also with the repository down, when log waits on that disk."""
    backups = running(make, box, data_size="3g", postgres_options={"max_wal_size": "256MB"})
    with numbers(backups) as writing:
        box.stop()
        rest = "$(($(df --output=avail -k . | tail -1) - 150000))"
        backups.execute(backups.postgres, "sh", "-c", f"cd {DATA} && head -c {rest}k /dev/zero > ballast")
        eventually(lambda: is_loud(backups, "postgres: its disk is 9"), timeout_s=60)
        writing.go_on()
        box.start()
        eventually(lambda: not backups.status()["archive"]["waiting"], timeout_s=90)
        backups.execute(backups.postgres, "rm", f"{DATA}/ballast")
        everything_arrives(backups)
    assert writing.connections == 1
    assert writing.lost_s() == 0
