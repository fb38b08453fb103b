"""Who is told of faults that take their time: full disks, and backups that fail."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waiting import eventually

from .foundation import inside, own
from .watched import PLACE, STACK, Watched

pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.faults, pytest.mark.xdist_group("watch")]
DATA = Path("/mnt/sertantai")
"""The folder of a disk for data: see host/look.py."""
REPOSITORY, STATUS = "/var/lib/pgbackrest", "/var/lib/backup"


@contextmanager
def small_disk() -> Iterator[Path]:
    """A small disk of this machine for data, in memory."""
    if os.geteuid() or DATA.exists():
        pytest.skip("needs root, and a machine without a disk for data")
    DATA.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(DATA)], check=True)
        yield DATA
    finally:
        subprocess.run(["umount", str(DATA)], check=True)
        DATA.rmdir()


def test_a_disk_that_fills_is_told_and_that_there_is_room_again(watched: Watched) -> None:
    with small_disk() as disk:
        own(watched, "watch").restart()  # only where systemd shares mounts does a running container see a new one
        (disk / "rows").write_bytes(bytes(19 << 20))
        watched.await_told("new", f"disk {disk}: 1 of 20 MB are free")
        (disk / "rows").unlink()
        watched.await_told("over", f"disk {disk}: ")
    own(watched, "watch").restart()


def test_wal_that_a_forgotten_slot_retains_is_told(watched: Watched) -> None:
    watched.sql("SELECT pg_create_logical_replication_slot('forgotten', 'pgoutput')")
    watched.sql("SELECT pg_logical_emit_message(false, 't', 't'), pg_switch_wal() FROM generate_series(1, 70)")
    watched.await_told("new", "slot forgotten: retains 11")
    watched.sql("SELECT pg_drop_replication_slot('forgotten')")
    watched.await_told("over", "slot forgotten: retains 11")


@pytest.fixture(scope="module")
def backed_up(watched: Watched) -> Watched:
    watched.config["sertantai:backup"] = {"subnet": str(PLACE.subnets[1]), "repository": {"kind": "local"}}
    protected = watched.up()
    assert protected.ok, protected.why
    eventually(lambda: inside(watched, "backup", "python3 -m host.backup verify"), timeout_s=300)
    watched.await_looks()
    assert watched.told("new", "backup") == [], "to add backups alarms nobody"
    return watched


def test_a_restore_test_that_is_too_old_is_told(backed_up: Watched) -> None:
    """Somebody holds the lock for more than a day, so that no test is made."""
    hold = f"exec 9>{STATUS}/lock; flock 9; touch /tmp/hold; while [ -e /tmp/hold ]; do sleep 1; done"
    backed_up.docker.api.exec_start(
        backed_up.docker.api.exec_create(f"sertantai-{STACK}-backup", ["bash", "-c", hold])["Id"], detach=True
    )
    eventually(lambda: inside(backed_up, "backup", "ls /tmp/hold"))
    age = f'sed -i \'s/\\("at": "\\)[^"]*/\\12026-01-01T04:30:00Z/\' {STATUS}/verify.json'
    inside(backed_up, "backup", age)
    backed_up.await_told("new", "backup/verify: the last restore test is of 2026-01-01T04:30:00Z, older than 26 hours")
    inside(backed_up, "backup", "rm /tmp/hold")
    backed_up.await_told("over", "backup/verify: the last restore test is of 2026-01-01")


def test_a_repository_that_takes_no_log_is_told_and_that_it_does_again(backed_up: Watched) -> None:
    folder = f"{REPOSITORY}/first/archive/main"
    inside(backed_up, "backup", f"chmod -R a-w {folder}")
    backed_up.sql("SELECT pg_logical_emit_message(false, 't', 't'), pg_switch_wal()")
    backed_up.await_told("new", "WAL files wait to be archived", timeout_s=900)
    inside(backed_up, "backup", f"chmod -R u+w {folder}")
    backed_up.await_told("over", "WAL files wait to be archived")
