"""Accidents of a whole platform with backups: what serves still serves, and nothing is silently late or lost."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles.repositories.sftp import StorageBox
from tests.waiting import eventually

from .platform import DATABASE, SERVICE, BackedUp

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.faults, pytest.mark.xdist_group("backups")]
HOST = f"{SERVICE}.localhost"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, box_server: StorageBox) -> Iterator[BackedUp]:
    platform = BackedUp(tmp_path_factory.mktemp("project"))
    platform.protect(box_server)
    platform.must_go_up()
    platform.await_first_backup()
    yield platform
    gone = platform.run("destroy")
    assert gone.ok, gone.error
    platform.lose_server()


def test_a_new_key_in_the_stack_file_replaces_the_old_one(platform: BackedUp, box_server: StorageBox) -> None:
    """Without a new container: PostgreSQL and its backup container read the file that a step has replaced."""
    before = platform.ids()
    with platform.numbers() as writing:
        old = box_server.key
        box_server.change_key()
        eventually(lambda: "backup/repository: " in platform.problems(), timeout_s=120)
        refused = platform.up()
        assert refused.ok, refused.why  # nothing has changed, so nothing is checked
        platform.protect(box_server)
        rotated = platform.must_go_up()
        platform.archive()
        writing.go_on()
    assert rotated.touched() == {"backup-files", "backup-check"}
    assert platform.ids() == before
    assert writing.connections == 1
    eventually(lambda: not platform.problems(), timeout_s=120)
    # Not the engine's copy of the stack file, where a user's values are encrypted, and this test's are not.
    files = [file for file in platform.folder.glob("**/*.json") if not file.name.endswith(".history.json")]
    assert files
    secrets = [key.splitlines()[2] for key in (old, box_server.key)]
    texts = {"what was said": rotated.said, **{str(file): file.read_text() for file in files}}
    assert [name for name, text in texts.items() if any(secret in text for secret in secrets)] == []


def test_a_release_during_a_backup(platform: BackedUp) -> None:
    platform.sql("CREATE TABLE filler AS SELECT md5(g::text) FROM generate_series(1, 2000000) g", DATABASE)
    platform.services[SERVICE]["app"]["env"] = {"RELEASE_NOTE": "during a backup"}
    labels = {each["label"] for each in platform.status()["repositories"]["repository"]["backups"]}
    backup = platform.start("backup", "full")
    with platform.client(HOST) as client:
        released = platform.up()
        assert released.ok, released.why
        assert client.get("/ready").status_code == 200
    assert backup.wait(timeout=300) == 0
    made = {each["label"] for each in platform.status()["repositories"]["repository"]["backups"]}
    assert len(made - labels) == 1
    assert not platform.problems()
    assert "RELEASE_NOTE=during a backup" in platform.app_environment()


def test_a_repository_that_is_down_stops_no_release(platform: BackedUp, box_server: StorageBox) -> None:
    """Unless the release migrates: its restore point must be in the repository first."""
    box_server.stop()
    try:
        platform.services[SERVICE]["app"]["drain_s"] = 5
        released = platform.up()
        assert released.ok, released.why
        assert platform.get(HOST, "/ready").status_code == 200
    finally:
        box_server.start()
    eventually(lambda: not platform.problems(), timeout_s=180)


def test_a_killed_backup_is_made_again(platform: BackedUp) -> None:
    """The backup container dies in the middle; the half-written backup stays in the repository and harms nothing."""
    platform.sql("CREATE TABLE more AS SELECT md5(g::text) FROM generate_series(1, 3000000) g", DATABASE)
    before = platform.status()["repositories"]["repository"]["backups"]
    backup = platform.start("backup", "full")
    eventually(lambda: platform.sql("SELECT count(*) FROM pg_stat_activity WHERE query ~ 'pg_backup'") != "0")
    subprocess.run(["docker", "kill", "-s", "KILL", f"sertantai-{platform.stack}-backup"], check=True)
    assert backup.wait(timeout=60) != 0
    subprocess.run(["docker", "start", f"sertantai-{platform.stack}-backup"], check=True)
    assert platform.status()["repositories"]["repository"]["backups"] == before
    made = platform.program("backup", "full")
    assert made.ok, made.error
    tested = platform.program("verify")
    assert tested.ok, tested.error
    assert platform.status()["verify"]["result"] == "good"
    assert not platform.problems()


def test_a_second_stack_on_the_same_folder_is_refused(
    platform: BackedUp, box_server: StorageBox, tmp_path: Path
) -> None:
    other = BackedUp(tmp_path, other=True)
    try:
        other.protect(box_server)
        refused = other.up()
        assert not refused.ok
        assert "backup/repository: holds the backups of this platform" in refused.why
        assert "choose another path" in refused.why
        platform.archive()
        assert not platform.problems()
    finally:
        other.run("destroy")
        other.lose_server()


def test_one_second_before_a_table_was_dropped(platform: BackedUp) -> None:
    """Exactly the rows that were committed until then, seen beside the running cluster first."""
    with platform.numbers() as writing:
        writing.go_on(50)
    rows = platform.sql("SELECT count(*) FROM numbered", DATABASE)
    moment = platform.sql("SELECT now() AT TIME ZONE 'utc' + '1 second'; SELECT pg_sleep(2)").splitlines()[0]
    platform.sql("DROP TABLE numbered", DATABASE)
    platform.archive()
    built = platform.command("recover", "--to", moment[:19])
    assert built.ok, built.out + built.error
    try:
        assert platform.recovered("SELECT count(*) FROM numbered", DATABASE) == rows
        assert platform.sql("SELECT to_regclass('numbered') IS NULL", DATABASE) == "t"
        assert platform.get(HOST, "/ready").status_code == 200
    finally:
        assert platform.command("recover", "--drop").ok


def test_a_backup_and_a_recovery_at_once(platform: BackedUp) -> None:
    platform.sql("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n", DATABASE)
    moment = platform.sql("SELECT now() AT TIME ZONE 'utc' + '1 second'; SELECT pg_sleep(2)").splitlines()[0]
    platform.archive()
    backup = platform.start("backup", "full")
    built = platform.command("recover", "--to", moment[:19])
    assert built.ok, built.out + built.error
    assert backup.wait(timeout=300) == 0
    assert platform.recovered("SELECT count(*) FROM kept", DATABASE) == "1000"
    assert platform.command("recover", "--drop").ok
    assert not platform.problems()
