"""The names of WAL files, and the numbers in them."""

import re
from dataclasses import dataclass

FILE = re.compile(r"[0-9A-F]{24}")
LSN = re.compile(r"[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}")


@dataclass(frozen=True)
class Wal:
    """The names of WAL files of one size: timeline and number, in hexadecimal."""

    size: int

    def number(self, name: str) -> int:
        """Returns the number of a file. The next file has the next number."""
        return int(name[8:16], 16) * self._per_log + int(name[16:24], 16)

    def name(self, timeline: int, number: int) -> str:
        """Returns a file's name."""
        return f"{timeline:08X}{number // self._per_log:08X}{number % self._per_log:08X}"

    def last_number(self, lsn: int) -> int:
        """Returns the number of the file with the last byte before `lsn`."""
        return (lsn - 1) // self.size

    @property
    def _per_log(self) -> int:
        return 0x100000000 // self.size


def timeline(name: str) -> int:
    """Returns the timeline of a file."""
    return int(name[:8], 16)


def parse_lsn(text: str) -> int:
    """Returns the number of an LSN such as 0/3000028."""
    high, _, low = text.partition("/")
    return int(high, 16) << 32 | int(low, 16)


def format_lsn(lsn: int) -> str:
    """Returns the text of an LSN."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"
