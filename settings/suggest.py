"""What was meant by a name that is not known."""

import difflib
from collections.abc import Collection


def suggestion(name: str, known: Collection[str], place: str = "") -> str:
    """The end of an error: the name that is close, or what else to do with it."""
    if name in known:
        return " here; move it to the block that it belongs to"
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f"; did you mean {close[0]}?" if close else f"; {place}take it out"
