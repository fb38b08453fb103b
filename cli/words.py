"""Times and sizes in words."""

from datetime import UTC, datetime

UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
MB_IN_GB = 1000


def span(seconds: float) -> str:
    """Returns a time span in one unit, such as 3 h: the largest of which it has at least two."""
    size, unit = next((each for each in UNITS if seconds >= 2 * each[0]), UNITS[-1])
    return f"{max(0, seconds) // size:.0f} {unit}"


def ago(moment: str, now: str) -> str:
    """Returns how long ago a moment was."""
    return f"{span(time(now) - time(moment))} ago"


def time(moment: str) -> float:
    """Returns the seconds since 1970 of a time's text; without a zone it is UTC."""
    parsed = datetime.fromisoformat(moment)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def size(mb: float) -> str:
    """Returns a size."""
    return f"{mb / MB_IN_GB:,.0f} GB" if mb >= 10 * MB_IN_GB else f"{mb:,.0f} MB"


def count(number: int, thing: str) -> str:
    """Returns a number of things."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
