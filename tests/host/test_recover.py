"""A cluster of an earlier moment, next to the running one: real pgBackRest and PostgreSQL in containers."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from host import recovery
from tests.places import ROOT
from tests.throwaway.box import docker
from tests.throwaway.calling import call
from tests.throwaway.recovering import DATA, Recovering, build, compare

pytestmark = pytest.mark.docker
OWNER = "SET ROLE app_owner; "


@pytest.fixture(scope="module")
def running(recovery_image: str) -> Iterator[Recovering]:
    """A cluster with a backup, then 100 rows, then a dropped table, and other logins than before."""
    running = Recovering(recovery_image)
    running.start()
    running.sql("CREATE ROLE app_owner; CREATE DATABASE app OWNER app_owner")
    running.sql("CREATE ROLE old_login LOGIN PASSWORD 'old'; GRANT app_owner TO old_login")
    running.sql(f"{OWNER}CREATE TABLE laws AS SELECT 1 AS id; CREATE TABLE same AS SELECT 1", "app")
    running.backup()
    running.sql(f"{OWNER}INSERT INTO laws SELECT generate_series(2, 100)", "app")
    running.moment = running.now()
    running.sql(f"{OWNER}DROP TABLE laws", "app")
    running.sql("CREATE DATABASE later OWNER app_owner")
    running.sql("DROP ROLE old_login; CREATE ROLE new_login LOGIN PASSWORD 'new'; GRANT app_owner TO new_login")
    yield running
    running.clear()


@pytest.fixture
def built(running: Recovering) -> Recovering:
    """The cluster of the moment before the table was dropped."""
    if not running.exists("container", "recovered"):
        assert build(running, running.moment).ok
    return running


def test_it_has_exactly_the_rows_that_were_committed_until_then(built: Recovering) -> None:
    assert built.sql("SELECT count(*), max(id) FROM laws", "app", "recovered") == "100|100"
    assert not built.ask("SELECT 1 FROM laws", "app").ok


def test_nothing_can_be_written_to_it_and_nothing_can_leave_it(built: Recovering) -> None:
    said = built.ask("INSERT INTO laws VALUES (0)", "app", "recovered")
    assert "read-only transaction" in said.error
    assert built.sql("SHOW archive_mode", part="recovered") == "off"
    description = json.loads(docker("inspect", built.of("recovered")).out)[0]
    assert [mount["Destination"] for mount in description["Mounts"] if mount["Type"] == "volume"] == [DATA]
    assert [*description["NetworkSettings"]["Networks"]] == ["none"], "a service's login could write nevertheless"
    assert "passphrase" not in json.dumps(description)


def test_the_running_cluster_is_not_touched(built: Recovering) -> None:
    assert built.sql("SELECT timeline_id FROM pg_control_checkpoint()") == "1"
    assert not built.exists("container", "recovered-build")


def test_it_has_todays_logins_and_none_of_then(built: Recovering) -> None:
    logins = "SELECT json_object_agg(rolname, rolpassword) FROM pg_authid WHERE rolcanlogin"
    recovered = json.loads(built.sql(logins, part="recovered"))
    assert recovered["new_login"]
    assert recovered == json.loads(built.sql(logins))


def test_what_would_be_lost_is_named_by_table_and_database(built: Recovering) -> None:
    compared = compare(built)
    assert compared["databases"] == {"app": {"equal": 1, "differ": {"public.laws": [100, None]}}}
    assert (compared["only_here"], compared["only_there"]) == (["later"], [])
    assert compared["reached"][:19] <= built.moment[:19] < compared["now"]


def test_a_comparison_leaves_no_login_behind(built: Recovering) -> None:
    compare(built)
    for part in ("postgres", "recovered"):
        assert built.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'app-recover'", part=part) == "0"


def test_one_database_is_dumped_without_the_rows_that_a_restore_does_not_load(built: Recovering) -> None:
    words = f"recover-dump {built.stack} app --exclude same"
    made = subprocess.run([sys.executable, "-m", "host", words], cwd=ROOT, capture_output=True)
    assert made.stdout.startswith(b"PGDMP"), made.stderr
    listed = ["docker", "exec", "-i", built.of("postgres"), "pg_restore", "--list"]
    text = subprocess.run(listed, input=made.stdout, capture_output=True).stdout.decode()
    assert "TABLE DATA public laws" in text
    assert "TABLE DATA public same" not in text


def test_a_database_that_did_not_exist_then_is_refused(built: Recovering) -> None:
    said = call("recover-dump", built.stack, "later")
    assert (said.code, said.out) == (1, "")
    assert said.error.startswith("--database: later did not exist at that moment")


def test_the_same_moment_again_changes_nothing_and_another_one_is_refused(built: Recovering) -> None:
    before = docker("inspect", "-f", "{{.Id}}", built.of("recovered")).out
    begun = recovery.Names(built.stack).begun
    begun.write_text(compare(built)["volume"])
    assert build(built, built.moment).ok
    assert not begun.exists(), "a run that was killed at its end is complete now"
    assert docker("inspect", "-f", "{{.Id}}", built.of("recovered")).out == before
    said = build(built, built.now())
    assert said.code == 1
    assert "`./sertantai recover --drop`" in said.out


def test_a_moment_before_the_first_backup_is_refused_with_the_ranges(running: Recovering) -> None:
    call("recover-drop", running.stack)
    said = build(running, "2020-01-01 00:00")
    assert said.code == 1
    assert said.out.startswith("--to: 2020-01-01 00:00:00 UTC cannot be recovered; these moments can (UTC): 20")


@pytest.mark.faults
def test_the_last_moment_is_reached_without_any_later_commit(running: Recovering) -> None:
    call("recover-drop", running.stack)
    running.sql(f"{OWNER}INSERT INTO same VALUES (2)", "app")
    assert build(running, running.now()).ok
    assert running.sql("SELECT count(*) FROM same", "app", "recovered") == "2"


@pytest.mark.faults
def test_a_restore_point_is_reached_by_its_name(running: Recovering) -> None:
    call("recover-drop", running.stack)
    rows = running.sql("SELECT count(*) FROM same", "app")
    name = running.sql("SELECT 'legal-' || to_char(now(), 'YYYYMMDD\"T\"HH24MISS\"Z\"')")
    running.sql(f"SELECT pg_create_restore_point('{name}')")
    running.sql(f"{OWNER}DELETE FROM same", "app")
    assert build(running, name).ok
    assert running.sql("SELECT count(*) FROM same", "app", "recovered") == rows != "0"
    running.sql(f"{OWNER}INSERT INTO same VALUES (1)", "app")


def test_a_drop_removes_the_container_and_the_volume_and_may_run_again(built: Recovering) -> None:
    volume = compare(built)["volume"]
    for _ in range(2):
        assert call("recover-drop", built.stack).ok
        assert not built.exists("container", "recovered")
        assert not docker("volume", "inspect", volume).ok
    assert built.exists("volume", "postgres")


@pytest.mark.faults
def test_an_interrupted_build_begins_again(running: Recovering) -> None:
    call("recover-drop", running.stack)
    names = recovery.Names(running.stack)
    volume = names.of(f"postgres-{running.moment[:10].replace('-', '')}T{running.moment[11:19].replace(':', '')}Z")
    names.begun.write_text(volume)
    docker("run", "--rm", "-v", f"{volume}:/data", running.image, "touch", "/data/half")
    assert build(running, running.moment).ok
    assert running.sql("SELECT count(*) FROM laws", "app", "recovered") == "100"


@pytest.mark.faults
def test_the_volume_of_an_earlier_recovery_is_never_overwritten(running: Recovering) -> None:
    call("recover-drop", running.stack)
    volume = running.of(f"postgres-{running.moment[:10].replace('-', '')}T{running.moment[11:19].replace(':', '')}Z")
    docker("run", "--rm", "-v", f"{volume}:/data", running.image, "touch", "/data/kept")
    said = build(running, running.moment)
    assert said.code == 1
    assert f"`./sertantai recover --forget {volume}`" in said.out
    assert docker("run", "--rm", "-v", f"{volume}:/data", running.image, "ls", "/data").out == "kept"
    assert call("recover-forget", running.stack, volume).out == f"recover: removed {volume}\n"


@pytest.mark.parametrize(
    ("part", "why"), [("postgres", "has the data of the running cluster"), ("redis", "is no volume")]
)
def test_only_an_old_volume_can_be_forgotten(running: Recovering, part: str, why: str) -> None:
    said = call("recover-forget", running.stack, running.of(part))
    assert said.code == 1
    assert why in said.out


def test_a_timeline_that_the_repository_has_already_is_never_archived_again(built: Recovering) -> None:
    file = f"{DATA}/pg_wal/00000002.history"
    push = f"echo other > {file} && pgbackrest --stanza=main --no-archive-async archive-push {file} && rm {file}"
    words = ["exec", "-u", "postgres", built.of("postgres"), "sh", "-c"]
    assert docker(*words, push).ok
    said = call("recover-promote", built.stack, compare(built)["volume"])
    docker(*words, "rm -f /var/lib/pgbackrest/first/archive/main/*/00000002.history*")
    assert (said.code, "has another timeline with the number of that in" in said.out) == (1, True)
    assert built.exists("container", "recovered")
    said = call("recover-back", built.stack, built.of("postgres-20250101T000000Z"))
    assert "there is a recovered cluster" in said.out


def test_a_promotion_that_is_given_up_names_the_volume_to_write_back(running: Recovering) -> None:
    names = recovery.Names(running.stack)
    names.prepared.write_text(running.of("postgres-20250101T000000Z"))
    said = call("recover-drop", running.stack)
    assert said.ok
    assert said.out.endswith(f"before the next up:\n  volume: {running.of('postgres')}\n")
    assert not names.prepared.exists()


def test_the_way_back_takes_no_other_volume(running: Recovering) -> None:
    call("recover-drop", running.stack)
    for volume in ("sertantai-other-postgres", running.of("redis")):
        said = call("recover-back", running.stack, volume)
        assert (said.code, "is no volume of PostgreSQL" in said.out) == (1, True)
    volume = running.of("postgres-20250101T000000Z")
    docker("create", "--name", running.of("stopped"), "-v", f"{volume}:/data", running.image)
    try:
        assert f"{volume} is in use by container" in call("recover-back", running.stack, volume).out
        docker("rm", running.of("stopped"))
        names = recovery.Names(running.stack)
        names.begun.write_text(volume)
        assert "is unfinished" in call("recover-back", running.stack, volume).out
        names.begun.unlink()
    finally:
        docker("rm", running.of("stopped"))
        docker("volume", "rm", volume)
