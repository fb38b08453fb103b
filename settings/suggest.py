"""Suggestions for an unknown name."""

import difflib
from collections.abc import Collection


def suggestion(name: str, valid_names: Collection[str], alternative: str = "") -> str:
    """Returns the end of an error about an unknown name: the closest valid name, or `alternative` and `remove it`."""
    if name in valid_names:
        return " here; move it to the block that it belongs to"
    close = difflib.get_close_matches(name, valid_names, n=1, cutoff=0.75)
    return f"; did you mean {close[0]}?" if close else f"; {alternative}remove it"
