"""A recovered cluster in place of the running one, and a lost server: real pgBackRest and PostgreSQL in containers."""

import pytest

from host import lost_data, recovery
from tests.throwaway.box import docker
from tests.throwaway.calling import call
from tests.throwaway.recovering import DATA, Recovering, build, compare
from tests.waiting import eventually

pytestmark = [pytest.mark.docker, pytest.mark.faults]


def test_promoted_it_archives_on_its_own_timeline_and_the_old_volume_has_a_way_back(recovery_image: str) -> None:
    running = Recovering(recovery_image)
    try:
        running.start()
        running.sql("CREATE TABLE laws AS SELECT 1 AS id")
        running.sql("SELECT pg_create_logical_replication_slot('electric_slot', 'pgoutput')")
        running.backup()
        moment = running.now()
        running.sql("DELETE FROM laws")
        assert build(running, moment).ok
        volume = compare(running)["volume"]
        begun = recovery.Names(running.stack).begun
        begun.write_text(volume)
        for _ in range(2):
            assert call("recover-promote", running.stack, volume).ok
        assert not begun.exists(), "a later --drop would delete the promoted volume"
        assert "is of an interrupted recovery" in call("recover-forget", running.stack, volume).out
        assert (compare(running)["volume"], "prepared" in compare(running)) == (volume, True)
        swap(running, volume)
        assert "complete it" in call("recover-drop", running.stack).out
        assert running.sql("SELECT count(*) FROM laws") == "1"
        assert running.sql("SHOW transaction_read_only") == "off"
        assert call("recover-settle", running.stack).ok
        assert "there is no recovered cluster" in call("recover-compare", running.stack).error
        assert archives(running) == 2
        must_not_begin_a_timeline_without_the_repository(running)
        said = call("recover-back", running.stack, running.of("postgres"))
        assert said.ok, said.out
        swap(running, running.of("postgres"))
        assert running.sql("SELECT count(*) FROM laws") == "0"
        assert archives(running) == 3
    finally:
        running.clear()


def as_root(running: Recovering, script: str) -> None:
    """Changes the volumes of the repositories and of the configuration."""
    volumes = ["-v", f"{running.of('repository')}:/r", "-v", f"{running.of('backup-config')}:/c"]
    assert docker("run", "--rm", "--user", "0", *volumes, running.image, "sh", "-c", script).ok


def only_the_second_is_left(running: Recovering) -> None:
    """The first repository was lost with the server."""
    as_root(running, "mv /r/first /r/second && sed 's,/first,/second,' /c/pgbackrest.conf > /c/second.conf")
    as_root(running, "chown --reference=/c/pgbackrest.conf /c/second.conf")


def must_not_begin_a_timeline_without_the_repository(running: Recovering) -> None:
    """A repository that does not answer looks to PostgreSQL like one without any timeline."""
    as_root(running, "mv /r/first /r/away")
    said = call("recover-back", running.stack, running.of("postgres"))
    as_root(running, "mv /r/away /r/first")
    assert "backup/repository: does not answer" in said.out
    assert timeline(running, running.of("postgres")) == 1


def timeline(running: Recovering, volume: str) -> int:
    """Returns the timeline of a stopped cluster."""
    words = ["--user", "postgres", "-v", f"{volume}:{DATA}:ro", running.image, "pg_controldata", DATA]
    lines = docker("run", "--rm", *words).out.splitlines()
    return next(int(line.split()[-1]) for line in lines if line.startswith("Latest checkpoint's TimeLineID"))


def test_a_lost_server_gets_everything_back_and_archives_again(recovery_image: str) -> None:
    running = Recovering(recovery_image)
    try:
        running.start()
        running.sql("CREATE TABLE laws AS SELECT 1 AS id")
        running.backup()
        running.sql("INSERT INTO laws SELECT generate_series(2, 50)")
        running.now()
        running.sql("SELECT pg_switch_wal()")
        eventually(lambda: running.sql("SELECT last_archived_wal IS NOT NULL FROM pg_stat_archiver") == "t")
        refused = call("recover-seed", running.stack, "newest")
        assert "its data is not lost" in refused.out
        docker("stop", "-t", "20", running.of("postgres"))
        docker("rm", "-f", running.of("postgres"), running.of("backup"))
        assert docker("volume", "rm", running.of("postgres")).ok
        lost_data.remember(
            volume=running.of("postgres"),
            image=running.image,
            network=f"{running.stack}_backup",
            mounts={"/etc/pgbackrest": running.of("backup-config"), "/var/lib/pgbackrest": running.of("repository")},
            repositories=["repository", "second"],
        )
        only_the_second_is_left(running)
        assert docker("volume", "create", "--label", f"sertantai.stack={running.stack}", running.of("postgres")).ok
        said = call("recover-seed", running.stack, "newest")
        assert said.ok, said.out
        assert "from backup/second" in said.out
        assert "which a recovery would delete" in call("recover-seed", running.stack, "newest").out
        as_root(running, "mv /r/second /r/first")
        running.start_postgres()
        assert running.sql("SELECT count(*) FROM laws") == "50"
        running.start_container()
        assert archives(running) == 2
    finally:
        running.clear()


def swap(running: Recovering, volume: str) -> None:
    """Does what `up` does: PostgreSQL's container is replaced by one on the other volume."""
    docker("stop", "-t", "20", running.of("postgres"))
    docker("rm", "-f", running.of("postgres"), running.of("backup"))
    running.start_postgres(volume)
    running.start_container(volume)


def archives(running: Recovering) -> int:
    """Returns the newest timeline in the repository, once it has that timeline's history and a later file."""
    running.sql("SELECT pg_create_restore_point('a'); SELECT pg_switch_wal()")
    name = running.sql("SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)")
    found = f"find /var/lib/pgbackrest/first/archive -name '{name}.history' -o -name '{name}*-*'"
    eventually(lambda: len(docker("exec", running.of("postgres"), "sh", "-c", found).out.split()) >= 2, 60)
    return int(name, 16)
