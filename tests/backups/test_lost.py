"""The server is lost with every local volume: a fresh one has everything again, from the repository alone."""

import pytest

from tests.doubles.repositories.s3 import ObjectStorage
from tests.doubles.repositories.sftp import StorageBox
from tests.e2e.foundation import own, strike
from tests.waiting import eventually

from .platform import BackedUp

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.xdist_group("backups")]
LIMIT_S = 60


def lose_and_recover(platform: BackedUp, *, with_state: bool) -> float:
    """Returns the seconds of acknowledged commits that are lost."""
    with platform.numbers() as writing:
        writing.go_on(100)
        # Longer than archive_timeout: what is committed now must not wait for a full file.
        begun = max(writing.acknowledged.values())
        eventually(lambda: max(writing.acknowledged.values()) > begun + 20)
        platform.lose_server()
    if not with_state:
        platform.lose_state()
    refused = platform.up()
    assert not refused.ok
    assert "holds the backups of this platform (last: " in refused.why
    assert "this server has no data: run `./sertantai recover --lost`, or choose another path" in refused.why
    recovered = platform.command("recover", "--lost")
    assert recovered.ok, recovered.out + recovered.error
    platform.must_go_up()
    assert platform.get("enforcement.localhost", "/ready").status_code == 200
    return writing.lost_s()


def is_protected_again(platform: BackedUp) -> bool:
    """Whether there is a backup of the new timeline, and nothing wrong."""
    made = platform.status()["repositories"]["repository"]
    return made["ranges"][-1]["timeline"] > 1 and not made["error"] and not platform.problems()


def test_from_a_storage_box(platform: BackedUp, box: StorageBox) -> None:
    platform.protect(box)
    platform.must_go_up()
    platform.await_first_backup()
    assert lose_and_recover(platform, with_state=False) <= LIMIT_S
    eventually(lambda: is_protected_again(platform), timeout_s=300)
    again = platform.run("preview")
    assert again.ok, again.error
    assert not again.touched()


@pytest.mark.faults
def test_from_a_bucket_with_the_state(platform: BackedUp, bucket: ObjectStorage) -> None:
    platform.protect(bucket)
    platform.must_go_up()
    platform.await_first_backup()
    assert lose_and_recover(platform, with_state=True) <= LIMIT_S
    eventually(lambda: is_protected_again(platform), timeout_s=300)


@pytest.mark.faults
@pytest.mark.parametrize("lost", ["first", "none"])
def test_with_two_repositories(platform: BackedUp, box: StorageBox, bucket: ObjectStorage, lost: str) -> None:
    """Also if somebody has deleted the first one together with the server."""
    platform.protect(box, bucket)
    platform.must_go_up()
    platform.await_first_backup("repository", "second")
    if lost == "first":
        with platform.numbers() as writing:
            writing.go_on(100)
            platform.archive()
            archived = platform.reaches("repository")
            eventually(lambda: platform.reaches("second") >= archived, timeout_s=120)
        box.shell(f"rm -rf {box.files}")
        platform.lose_server()
        platform.lose_state()
        platform.protect(bucket)
        assert not platform.up().ok
        recovered = platform.command("recover", "--lost")
        assert recovered.ok, recovered.out + recovered.error
        platform.must_go_up()
        assert writing.lost_s() <= LIMIT_S
    else:
        assert lose_and_recover(platform, with_state=False) <= LIMIT_S


@pytest.mark.faults
def test_nothing_is_lost_with_the_volume(platform: BackedUp, box: StorageBox) -> None:
    """PostgreSQL is killed under load, and in the middle of a backup."""
    platform.protect(box)
    platform.must_go_up()
    platform.await_first_backup()
    with platform.numbers() as writing:
        writing.go_on(100)
        strike(platform, "postgres")
        writing.go_on(100)
        platform.sql("CREATE TABLE filler AS SELECT md5(g::text) FROM generate_series(1, 3000000) g")
        backup = platform.start("backup", "full")
        eventually(lambda: is_backing_up(platform))
        strike(platform, "postgres")
        assert backup.wait(timeout=300) != 0
        writing.go_on(100)
        made = platform.program("backup", "full")
        assert made.ok, made.error
        platform.archive()
    assert writing.lost_s() == 0
    eventually(lambda: not platform.problems(), timeout_s=120)
    assert own(platform, "postgres").attrs["State"]["Running"]


def is_backing_up(platform: BackedUp) -> bool:
    return platform.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name ~ 'backup'") != "0"
