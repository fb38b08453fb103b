"""Times as text, in UTC."""

import calendar
import time

FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def iso(at: float) -> str:
    """Returns a time as text, in UTC."""
    return time.strftime(FORMAT, time.gmtime(at))


def seconds(text: str) -> float:
    """Returns the seconds since 1970 of a time's text."""
    return calendar.timegm(time.strptime(text, FORMAT))
