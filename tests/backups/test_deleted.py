"""Somebody deletes the repository: what holds is a second one, or a bucket that keeps the versions of its objects."""

import re
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

import pytest

from tests.doubles.repositories.s3 import ObjectStorage
from tests.doubles.repositories.sftp import StorageBox
from tests.throwaway.backups import TURN, Backups
from tests.waiting import eventually

from .files import files
from .platform import S3_PORT, STACK

pytestmark = [pytest.mark.docker, pytest.mark.faults, pytest.mark.xdist_group("backups")]
Make = Callable[..., Backups]
NAMESPACE = {"s3": "http://s3.amazonaws.com/doc/2006-03-01/"}


def labels(backups: Backups, config: str = "pgbackrest.conf") -> list[str]:
    """Returns the backups that pgBackRest itself sees."""
    said = backups.pgbackrest("info", config=config)
    assert said.ok, said.error
    return re.findall(r"backup: (\S+)", said.out)


def test_the_second_repository_holds_and_the_first_is_filled_again(
    make: Make, box: StorageBox, bucket: ObjectStorage
) -> None:
    backups = make(files(box, bucket), entry=TURN)
    eventually(lambda: labels(backups) and labels(backups, "second.conf"), timeout_s=120)
    held = labels(backups, "second.conf")
    box.shell(f"rm -rf {box.files}")
    assert "backup/repository: its newest backup was gone at " in "".join(backups.status()["problems"])
    # A new full backup in the first one, since everything before it is gone. It is no secret that there was another.
    eventually(lambda: labels(backups), timeout_s=180)
    assert "backup/repository: its newest backup was gone at " in "".join(backups.status()["problems"])
    assert not backups.call("health").ok
    assert set(held) <= set(labels(backups, "second.conf"))
    lsn = backups.sql("CREATE TABLE later AS SELECT 1 AS n; SELECT pg_current_wal_insert_lsn()")
    backups.answer("wait-archived", lsn, "--timeout", "180")


@pytest.fixture
def locked(base_image: str) -> Iterator[ObjectStorage]:
    with ObjectStorage(f"{STACK}-locked", S3_PORT + 3, locked=True) as bucket:
        yield bucket


def versions(bucket: ObjectStorage, kind: str) -> list[tuple[str, str]]:
    """Returns key and version of each `Version`, or of each `DeleteMarker`."""
    found, after = [], ""
    while True:
        tree = ElementTree.fromstring(bucket.request("GET", f"?versions{after}"))
        for each in tree.findall(f"s3:{kind}", NAMESPACE):
            found.append((each.findtext("s3:Key", "", NAMESPACE), each.findtext("s3:VersionId", "", NAMESPACE)))
        if tree.findtext("s3:IsTruncated", "", NAMESPACE) != "true":
            return found
        key, version = (tree.findtext(f"s3:Next{name}Marker", "", NAMESPACE) for name in ("Key", "VersionId"))
        after = f"&key-marker={key}&version-id-marker={version}"


def test_a_bucket_with_object_lock_can_be_undeleted(make: Make, locked: ObjectStorage) -> None:
    """With the platform's own keys, which a thief has: a version cannot be deleted, and a deletion can be undone."""
    backups = make(files(locked))
    assert backups.call("check").ok
    made = backups.answer("backup", "full")["label"]
    keys = {key for key, _ in versions(locked, "Version")}
    for key in keys:
        locked.request("DELETE", f"/{key}")
    assert labels(backups) == []
    for key, version in versions(locked, "Version")[:5]:
        with pytest.raises(AssertionError, match="403"):
            locked.request("DELETE", f"/{key}?versionId={version}")
    for key, version in versions(locked, "DeleteMarker"):
        locked.request("DELETE", f"/{key}?versionId={version}")
    assert labels(backups) == [made]
    backups.bash("mkdir -m 700 /var/lib/backup/restored")
    restored = backups.pgbackrest("--pg1-path=/var/lib/backup/restored", "--archive-mode=off", "restore")
    assert restored.ok, restored.out + restored.error
