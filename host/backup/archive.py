"""WAL on its way to the repository: what waits, and until when."""

import time

from ..failure import Failure
from . import gaps, places
from .pgbackrest import STANZA, Repository
from .postgres import Archiver, Live
from .wal import FILE, format_lsn

LATE_S = 300
"""Seconds that a file may wait."""
POLL_S = 0.5


def waiting(now: float) -> tuple[int, float]:
    """Returns how many files wait to be archived, and for how many seconds the oldest one has waited."""
    oldest, count = now, 0
    for file in (places.DATA / "pg_wal" / "archive_status").glob("*.ready"):
        try:
            oldest = min(oldest, file.stat().st_mtime)
            count += 1
        except FileNotFoundError:
            pass  # archived meanwhile
    return count, now - oldest


def switch(live: Live) -> int:
    """Ends the current WAL file, so that it is archived. Returns the LSN of its end."""
    # The restore point makes sure that there is something to switch.
    text = "SELECT pg_create_restore_point('sertantai-switch') \\g /dev/null\nSELECT pg_switch_wal() - '0/0'"
    return int(live.query(text))


def wait_until_archived(live: Live, repository: Repository, lsn: int, timeout_s: float) -> None:
    """Returns once the repository has all WAL before `lsn`, and can use it. Raises a `Failure` otherwise."""
    end = time.monotonic() + timeout_s
    archiver = live.archiver()
    if archiver.wal.last_number(lsn) == archiver.wal.last_number(archiver.lsn + 1):
        switch(live)
    name = archiver.wal.name(archiver.timeline, archiver.wal.last_number(lsn))
    while not _passed(archiver, name):
        if time.monotonic() >= end:
            raise Failure(f"{repository.subject}: {_in_the_way(repository, archiver, lsn, timeout_s)}")
        time.sleep(POLL_S)
        archiver = live.archiver()
    _check_repository(repository, archiver, name)


def _passed(archiver: Archiver, name: str) -> bool:
    last = archiver.last_wal[:24]
    return bool(FILE.fullmatch(last)) and last >= name


def _check_repository(repository: Repository, archiver: Archiver, name: str) -> None:
    """PostgreSQL takes the file for archived. Whether the repository has it is another question."""
    info = repository.info()
    archive = gaps.archive_id(info, archiver.system)
    stops = [stop for stop in gaps.stops_of(info) if stop[:8] == name[:8]]
    # Everything since the newest backup, or this file alone if there is none.
    since = max(stops, default=name)
    found = gaps.runs(gaps.listed(repository, archive, min(since, name)), archiver.wal)
    number = archiver.wal.number(name)
    if not any(run.timeline == archiver.timeline and run.first <= number <= run.last for run in found):
        raise Failure(
            f"{repository.subject}: WAL {name} was dropped or deleted: it is not in archive/{STANZA}. "
            "A new backup closes the gap: `./sertantai backup now`"
        )
    first = archiver.wal.number(min(since, name))
    if lost := [gap for gap in gaps.gaps(found, archiver.timeline, number) if gap.last >= first]:
        raise Failure(
            f"{repository.subject}: {lost[0].last - lost[0].first + 1} WAL files before {name} were lost. "
            "A new backup closes the gap: `./sertantai backup now`"
        )


def _in_the_way(repository: Repository, archiver: Archiver, lsn: int, timeout_s: float) -> str:
    text = f"WAL up to {format_lsn(lsn)} is not archived after {timeout_s:.0f} s"
    if error := repository.info().error:
        return f"{text}: {error}"
    if archiver.failed_wal:
        return f"{text}: archiving {archiver.failed_wal} fails; see PostgreSQL's log"
    count, _ = waiting(time.time())
    return f"{text}: {count} files wait"
