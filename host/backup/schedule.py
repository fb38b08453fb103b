"""When a backup, and when a restore test is due. It depends on what exists, so a missed time is caught up."""

from collections.abc import Sequence
from dataclasses import dataclass

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY_S = 86400
FIRST_WEEKDAY = DAYS.index("Thu")
"""Of 1970-01-01."""
RETRY_S = 300
"""Seconds between a failure and the next attempt."""
CLOCK_S = 300
"""Seconds in the future that a time may be. Of a later one, the clock was or is wrong."""
VERIFY_RETRY_S = 3600


@dataclass(frozen=True)
class Made:
    """A backup: its type, and when it began."""

    type: str
    begun: float


def due_backup(
    made: Sequence[Made], full: str, differential_hours: int, now: float, *, failed_at: float = 0, gap: bool = False
) -> str:
    """Returns `full`, `diff` or an empty text. After a `gap`, or on a new timeline, a backup is due at once."""
    if failed_at <= now < failed_at + RETRY_S:
        return ""
    past = [backup for backup in made if backup.begun <= now + CLOCK_S]
    last_full = max((backup.begun for backup in past if backup.type == "full"), default=None)
    if last_full is None or last_full < last_week_time(full, now):
        return "full"
    last = max(backup.begun for backup in past)
    return "diff" if gap or now - last >= differential_hours * 3600 else ""


def due_verify(verify: str, now: float, *, last: float | None, first_backup: float | None, good: bool) -> bool:
    """Whether the restore test is due: each day from the first backup on, and an hour after a failure."""
    if first_backup is None:
        return False
    if last is None or last > now + CLOCK_S:
        return first_backup <= last_day_time(verify, now)
    return last < last_day_time(verify, now) or (not good and now - last >= VERIFY_RETRY_S)


def last_week_time(text: str, now: float) -> float:
    """Returns the last time that a text such as `Sun 02:15` names."""
    day, clock = text.split()
    at = last_day_time(clock, now)
    weekday = (int(at // DAY_S) + FIRST_WEEKDAY) % 7
    return at - (weekday - DAYS.index(day)) % 7 * DAY_S


def last_day_time(text: str, now: float) -> float:
    """Returns the last time that a text such as `04:30` names."""
    hour, minute = map(int, text.split(":"))
    at = now - now % DAY_S + hour * 3600 + minute * 60
    return at if at <= now else at - DAY_S
