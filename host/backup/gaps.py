"""Finds WAL that a repository lacks, and the ranges of time that it can bring back.

PostgreSQL does not notice lost files: pgBackRest accepts and drops them if archiving is far behind.
"""

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..failure import Failure
from . import places
from .pgbackrest import STANZA, Info, Repository
from .postgres import Archiver
from .state import iso
from .wal import FILE, Wal, timeline

LAST_FILES = 3
"""Files before a gap in which the last commit is looked for."""


@dataclass(frozen=True, order=True)
class Run:
    """WAL files of one timeline without a gap, by the first and the last number."""

    timeline: int
    first: int
    last: int


def archive_id(info: Info, system: int) -> str:
    """Returns the name of a cluster's archive in the repository, such as 17-1, or an empty text."""
    return next((name for name, other in info.systems.items() if other == system), "")


def listed(repository: Repository, archive: str, since: str = "") -> Iterator[str]:
    """Yields the names of all WAL files, or of those in the folder of the file `since` and later ones."""
    path = f"archive/{STANZA}/{archive}"
    if not since:
        yield from _names(repository.lines("repo-ls", "--recurse", path))
        return
    for folder in [name for name in repository.lines("repo-ls", path) if len(name) == 16 and name >= since[:16]]:
        yield from _names(repository.lines("repo-ls", f"{path}/{folder}"))


def _names(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        name = path.rpartition("/")[2]
        # A file's name ends with its checksum. `.backup`, `.partial` and half-written files do not count.
        if FILE.fullmatch(name[:24]) and name[24:25] == "-" and not name.endswith(".pgbackrest.tmp"):
            yield name[:24]


def runs(names: Iterable[str], wal: Wal, before: Sequence[Run] = ()) -> list[Run]:
    """Returns files as runs. `before` are the runs that are known already."""
    found: list[Run] = []
    pieces = sorted([*before, *_pieces(names, wal)])
    for piece in pieces:
        if found and found[-1].timeline == piece.timeline and piece.first <= found[-1].last + 1:
            found[-1] = Run(piece.timeline, found[-1].first, max(found[-1].last, piece.last))
        else:
            found.append(piece)
    return found


def _pieces(names: Iterable[str], wal: Wal) -> Iterator[Run]:
    """Joins neighbours at once: a month has a hundred thousand files."""
    current: Run | None = None
    for name in names:
        number, line = wal.number(name), timeline(name)
        if current and line == current.timeline and number == current.last + 1:
            current = Run(line, current.first, number)
        else:
            if current:
                yield current
            current = Run(line, number, number)
    if current:
        yield current


def gaps(found: Sequence[Run], line: int, last: int | None) -> list[Run]:
    """Returns the missing files of a timeline, up to the number that PostgreSQL takes for archived."""
    ours = [run for run in found if run.timeline == line]
    missing = [Run(line, one.last + 1, two.first - 1) for one, two in pairwise(ours)]
    if last is not None and ours and last > ours[-1].last:
        missing.append(Run(line, ours[-1].last + 1, last))
    return [gap for gap in missing if last is None or gap.first <= last]


def has_new_gap(found: Sequence[Run], info: Info, wal: Wal, line: int, last: int | None) -> bool:
    """Whether WAL is missing after a timeline's last backup."""
    stops = [wal.number(stop) for stop in stops_of(info) if timeline(stop) == line]
    return bool(stops) and any(gap.last > max(stops) for gap in gaps(found, line, last))


def is_new_timeline(info: Info, line: int) -> bool:
    """Whether all backups are of older timelines, as after a recovery."""
    return bool(info.backups) and all(timeline(stop) != line for stop in stops_of(info))


def stops_of(info: Info) -> list[str]:
    """Returns the last file that each backup needs to be consistent."""
    return [backup["archive"]["stop"] for backup in info.backups if backup["archive"]["stop"]]


@dataclass(frozen=True)
class Ranges:
    """The ranges of one repository."""

    repository: Repository
    wal: Wal
    known: dict[str, str]
    """The time of the last commit, by the file that ends a range: what has been read once is not read again."""

    def of(self, found: Sequence[Run], info: Info, archiver: Archiver | None) -> list[dict[str, object]]:
        """Returns each range in which every moment can be recovered: from a backup's end to the next gap."""
        ranges, last = [], {self.wal.name(run.timeline, run.last) for run in found}
        for file in set(self.known) - last:
            del self.known[file]
        for run in found:
            ends = [
                backup["timestamp"]["stop"]
                for backup in info.backups
                if (stop := backup["archive"]["stop"])
                and timeline(stop) == run.timeline
                and run.first <= self.wal.number(stop) <= run.last
            ]
            if ends:
                until = self._until(run, archiver) or iso(max(ends))
                ranges.append({"from": iso(min(ends)), "to": max(until, iso(min(ends))), "timeline": run.timeline})
        return ranges

    def _until(self, run: Run, archiver: Archiver | None) -> str:
        last = self.wal.name(run.timeline, run.last)
        if archiver and FILE.fullmatch(archiver.last_wal) and last >= archiver.last_wal:
            return archiver.last_time
        if last not in self.known:
            self.known[last] = self._last_commit_of(run)
        return self.known[last]

    def _last_commit_of(self, run: Run) -> str:
        for number in range(run.last, max(run.first, run.last - LAST_FILES + 1) - 1, -1):
            if at := self._last_commit(self.wal.name(run.timeline, number)):
                return at
        return ""

    def _last_commit(self, name: str) -> str:
        file = places.STATE / name
        try:
            self.repository.run("--no-archive-async", "archive-get", name, str(file))
            command = ["pg_waldump", "--rmgr=Transaction", str(file)]
            result = subprocess.run(
                command, capture_output=True, text=True, errors="replace", env=os.environ | {"TZ": "UTC"}, check=False
            )
        except (Failure, OSError):
            return ""
        finally:
            file.unlink(missing_ok=True)
        times = [line.partition("COMMIT ")[2][:19] for line in result.stdout.splitlines() if "COMMIT " in line]
        return f"{times[-1].replace(' ', 'T')}Z" if times else ""
