"""What is mounted now, and what is mounted at each boot (/etc/fstab)."""

import os
from dataclasses import dataclass
from pathlib import Path

from . import system

MOUNTS, FSTAB, DEVICES = Path("/proc/self/mountinfo"), Path("/etc/fstab"), Path("/sys/dev/block")
SOURCE, FOLDER = 0, 1
"""The place of a word in a line of /etc/fstab."""


@dataclass(frozen=True)
class Mount:
    """A mounted file system. `number` is its device's: major and minor."""

    number: str
    kind: str


def at(folder: str) -> Mount | None:
    """What is mounted on a folder; the last of several hides the others."""
    found = None
    for line in MOUNTS.read_text().splitlines():
        place, _, rest = line.partition(" - ")
        words = place.split()
        if words[4] == folder:
            found = Mount(number=words[2], kind=rest.split()[0])
    return found


def is_alive(mount: Mount, folder: str) -> bool:
    """Whether the device is still there. One that was detached and came back is another device."""
    try:
        os.listdir(folder)
    except OSError:
        return False
    return (DEVICES / mount.number).exists()


def at_boot(line: str, unique: int) -> bool:
    """Makes `line` the only one of /etc/fstab with its word at the place `unique`; whether that changed the file."""
    lines = FSTAB.read_text().splitlines() if FSTAB.exists() else []
    if line in lines:
        return False
    word = line.split()[unique]
    system.write(
        FSTAB, "".join(f"{kept}\n" for kept in [*(kept for kept in lines if _word(kept, unique) != word), line])
    )
    return True


def is_at_boot(folder: str) -> bool:
    """Whether /etc/fstab names a folder."""
    return FSTAB.exists() and any(_word(line, FOLDER) == folder for line in FSTAB.read_text().splitlines())


def _word(line: str, place: int) -> str:
    return dict(enumerate(line.split())).get(place, "")
