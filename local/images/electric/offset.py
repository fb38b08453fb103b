"""Offsets in a shape's log, as Electric writes them: `-1`, `0_0` to `0_inf` for the snapshot, then `<lsn>_<number>`."""

import re
from typing import NamedTuple

INFINITE = 1 << 62
WRITTEN = re.compile(r"(\d{1,18})_(\d{1,18}|inf)")


class Offset(NamedTuple):
    """The position after a message. Offsets compare in the order of the log."""

    transaction: int
    number: int

    def __str__(self) -> str:
        if self == START:
            return "-1"
        return f"{self.transaction}_{'inf' if self.number == INFINITE else self.number}"

    @classmethod
    def read(cls, text: str) -> "Offset":
        """Reads an offset. Raises `ValueError`."""
        if text == "-1":
            return START
        if (parts := WRITTEN.fullmatch(text)) is None:
            raise ValueError(text)
        return cls(int(parts[1]), INFINITE if parts[2] == "inf" else int(parts[2]))


START = Offset(-1, 0)
SNAPSHOT_END = Offset(0, INFINITE)
