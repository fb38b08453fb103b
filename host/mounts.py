"""The current mounts, and those of each boot (/etc/fstab)."""

import os
from dataclasses import dataclass
from pathlib import Path

from . import system

MOUNTS, FSTAB, DEVICES = Path("/proc/self/mountinfo"), Path("/etc/fstab"), Path("/sys/dev/block")
SOURCE, FOLDER = 0, 1
"""The positions of fields in a line of /etc/fstab."""


@dataclass(frozen=True)
class Mount:
    """A mounted file system. `number` is its device number, as major:minor."""

    number: str
    kind: str


def find(folder: str) -> Mount | None:
    """Returns the mount on a folder, or None. The last one hides earlier ones."""
    mount = None
    for line in MOUNTS.read_text().splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split()
        if fields[4] == folder:
            mount = Mount(number=fields[2], kind=right.split()[0])
    return mount


def is_alive(mount: Mount, folder: str) -> bool:
    """Whether the device still exists. After it was detached and attached again, it is a different device."""
    try:
        os.listdir(folder)
    except OSError:
        return False
    return (DEVICES / mount.number).exists()


def set_fstab_line(line: str, unique: int) -> bool:
    """Writes `line` to /etc/fstab, in place of lines with the same field `unique`. Returns whether the file changed."""
    lines = FSTAB.read_text().splitlines() if FSTAB.exists() else []
    if line in lines:
        return False
    value = line.split()[unique]
    kept = [other for other in lines if _field(other, unique) != value]
    system.write(FSTAB, "".join(f"{entry}\n" for entry in [*kept, line]))
    return True


def is_in_fstab(folder: str) -> bool:
    """Whether /etc/fstab mounts something on a folder."""
    return FSTAB.exists() and any(_field(line, FOLDER) == folder for line in FSTAB.read_text().splitlines())


def _field(line: str, position: int) -> str:
    return dict(enumerate(line.split())).get(position, "")
