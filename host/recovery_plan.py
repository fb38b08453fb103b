"""Which backup and which timeline lead to a moment: decided from the backups' status, before anything is restored."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from .failure import Failure

UTC = timezone(timedelta())
NEWEST = "newest"
"""The target that means: everything that is in the repository."""
ID = "%Y%m%dT%H%M%SZ"
POINT = re.compile(r"[A-Za-z0-9_.-]{1,60}?-(\d{8}T\d{6}Z)")


@dataclass(frozen=True, kw_only=True)
class Target:
    """A moment to recover to."""

    text: str
    moment: datetime
    is_point: bool = False

    @property
    def id(self) -> str:
        """Its name in volumes and files."""
        return self.moment.strftime(ID)

    @property
    def shown(self) -> str:
        """Its name, or its time without fractions."""
        return self.text if self.is_point else f"{self.moment:%Y-%m-%d %H:%M:%S} UTC"

    def options(self) -> list[str]:
        """Returns pgBackRest's options for it."""
        if self.is_point:
            return ["--type=name", f"--target={self.text}"]
        return ["--type=time", f"--target={self.moment.strftime('%Y-%m-%d %H:%M:%S.%f')}+00"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The backup to restore, and the timeline to follow from it. Without a target: to the timeline's end."""

    repository: str
    backup: str
    timeline: int
    target: Target | None
    size: int = 0
    """Bytes of the restored cluster."""
    is_damaged: bool = False

    @property
    def shown(self) -> str:
        """The backup, as an operator has to know it."""
        damaged = " (DAMAGED, no good one is left: some pages may be unreadable)" if self.is_damaged else ""
        return f"the backup {self.backup}{damaged}" + (" from backup/second" if self.repository == "second" else "")

    def options(self, *, to_the_end: bool = False) -> list[str]:
        """Returns pgBackRest's options. The timeline is explicit: by default a clone's would be followed."""
        target = self.target.options() if self.target and not to_the_end else ["--type=default"]
        promote = ["--target-action=promote"] if self.target and not to_the_end else []
        return [f"--set={self.backup}", f"--target-timeline={self.timeline}", *target, *promote]


def parse(word: str) -> Target | None:
    """Returns the target that a word means: a time, or a restore point's name, which ends with its time."""
    if word == NEWEST:
        return None
    if match := POINT.fullmatch(word):
        moment = datetime.strptime(match[1], ID).replace(tzinfo=UTC)
        return Target(text=word, moment=moment, is_point=True)
    return Target(text=word, moment=read_time(word))


def read_time(text: str) -> datetime:
    """Returns a time as UTC. Raises a `Failure` for a text that is no time."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise Failure(
            f"--to: {text} is neither a time such as 2026-11-24 03:15 nor a restore point such as "
            "legal-20261124T031500Z; see `./sertantai backup status`"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def plan(target: Target | None, status: Mapping[str, Any]) -> Plan:
    """Returns how to recover to the target. Raises a `Failure` with the ranges if no repository has it."""
    repositories: Mapping[str, Any] = status.get("repositories", {})
    # A damaged backup is better than none, but not than a good one in the other repository.
    for damaged, (name, repository) in itertools.product((False, True), repositories.items()):
        found = _find(repository.get("ranges") or [], target)
        if found and (backup := _backup(repository.get("backups") or [], found, target, damaged=damaged)):
            timeline, size = int(found["timeline"]), int(backup.get("size") or 0)
            return Plan(
                repository=name,
                backup=backup["label"],
                timeline=timeline,
                target=target,
                size=size,
                is_damaged=bool(backup.get("error")),
            )
    ranges = [each for repository in repositories.values() for each in repository.get("ranges") or []]
    errors = [f"backup/{name}: {each['error']}" for name, each in repositories.items() if each.get("error")]
    wanted = f"{target.shown} cannot be recovered" if target else "nothing can be recovered"
    raise Failure("\n".join([f"--to: {wanted}; {_say(ranges)}", *errors]))


def plans_of_a_lost_server(
    target: Target | None, info: Sequence[Mapping[str, Any]], repository: str = "repository"
) -> list[Plan]:
    """Returns how to recover without a running cluster, from pgBackRest's own list: the newest backup first.

    An older one is needed if the timeline begins before the newest one. Raises a `Failure` without any backup.
    """
    stanza: Mapping[str, Any] = next(iter(info), {})
    archives = [each["max"] for each in stanza.get("archive", []) if each.get("max")]
    backups = [each for each in stanza.get("backup", []) if each["archive"]["stop"]]
    good = [each for each in backups if not each.get("error")]
    last = target.moment.timestamp() if target else float("inf")
    # A damaged backup is better than none.
    in_time = [[each for each in some if each["timestamp"]["stop"] <= last] for some in (good, backups)]
    fitting = in_time[0] or in_time[1]
    if not fitting:
        ends = [_at(each["timestamp"]["stop"]) for each in backups]
        known = f"the oldest backup ended at {min(ends)} UTC" if ends else "there is no backup"
        raise Failure(
            f"--lost: {target.shown if target else 'nothing'} cannot be recovered: {known} in backup/{repository}"
        )
    newest = max(archives, default="")
    is_newest = newest and fitting[-1] is (good or backups)[-1]
    timeline = int((newest if is_newest else fitting[-1]["archive"]["stop"])[:8], 16)
    return [
        Plan(
            repository=repository,
            backup=each["label"],
            timeline=timeline,
            target=target,
            is_damaged=bool(each.get("error")),
        )
        for each in reversed(fitting)
    ]


def _at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _find(ranges: Sequence[Mapping[str, Any]], target: Target | None) -> Mapping[str, Any] | None:
    """Returns the newest range that contains the target, or the newest one."""
    fitting = [each for each in ranges if target is None or _contains(each, target.moment)]
    return max(fitting, key=lambda each: (int(each["timeline"]), read_time(each["to"])), default=None)


def _contains(span: Mapping[str, Any], moment: datetime) -> bool:
    # The end of a range is in whole seconds, without the fraction.
    return read_time(span["from"]) <= moment and moment.replace(microsecond=0) <= read_time(span["to"])


def _backup(
    backups: Sequence[Mapping[str, Any]], span: Mapping[str, Any], target: Target | None, *, damaged: bool
) -> Mapping[str, Any] | None:
    """Returns the newest good backup of a range that ended before the target, or the newest damaged one."""
    first, last = read_time(span["from"]), target.moment if target else read_time(span["to"])
    fitting = [
        each for each in backups if bool(each.get("error")) == damaged and first <= read_time(each["ended"]) <= last
    ]
    return max(fitting, key=lambda each: read_time(each["ended"]), default=None)


def _say(ranges: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"{_short(each['from'])} to {_short(each['to'])}" for each in ranges]
    return f"these moments can (UTC): {', '.join(lines)}" if lines else "there is no backup yet"


def _short(text: str) -> str:
    return read_time(text).strftime("%Y-%m-%d %H:%M:%S")
