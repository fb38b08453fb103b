"""mount: mount the volume for data, now and at each boot.

Only a volume that has nothing on it gets a file system; one that was enlarged is used whole. Safe to run again: it
looks at what is there.
"""

import argparse
import os
import shutil
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import mounts, system
from .failure import Failure

LOOK_S = 0.2
FIRST, START = 4096, 4 << 20
"""Bytes: those that show whether a volume can be read, and those where other contents would have left something."""
NOTHING_FOUND = 2
"""blkid's exit code."""
KINDS = ("ext4", "xfs")
IN_CONSOLE = "see its place in Hetzner's console"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("device")
    parser.add_argument("folder")
    parser.add_argument("--wait", type=int, required=True, help="seconds for the volume to attach")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Mounts it."""
    with system.alone():
        Volume(given.device, given.folder).bring(given.wait)


@dataclass(frozen=True)
class Volume:
    """A volume, by its device and the folder that it is mounted on."""

    device: str
    folder: str

    def bring(self, wait_s: int) -> None:
        """Waits for the volume, and leaves it mounted and used whole."""
        self._await(wait_s)
        mount = mounts.at(self.folder)
        if mount and mount.number != self._number() and not mounts.is_alive(mount, self.folder):
            system.must("umount", "-l", self.folder)
            mount = mounts.at(self.folder)
        if not mount:
            self._mount()
            mount = mounts.at(self.folder)
        if not mount or mount.number != self._number():
            raise self._failure(
                f"{self.folder} is a different disk from the volume {self.number}: umount {self.folder} there, "
                "then run up again"
            )
        self._grow(mount.kind)

    @property
    def number(self) -> str:
        """Its number at Hetzner, with which its device's name ends."""
        return self.device.rpartition("_")[2]

    def _await(self, wait_s: int) -> None:
        end = time.monotonic() + wait_s
        while not _is_block_device(self.device):
            if time.monotonic() >= end:
                raise self._failure(
                    f"the volume {self.number} did not attach within {wait_s} s: {IN_CONSOLE}, then run up again"
                )
            time.sleep(LOOK_S)

    def _number(self) -> str:
        device = os.stat(self.device).st_rdev
        return f"{os.major(device)}:{os.minor(device)}"

    def _mount(self) -> None:
        found = self._identified()
        kind = found.get("TYPE", "")
        if kind not in KINDS:
            raise self._failure(
                f"the volume {self.number} holds {kind or 'a partition table'} and not ext4, and was left alone: "
                "attach one that is empty or has ext4"
            )
        os.makedirs(self.folder, exist_ok=True)
        if os.listdir(self.folder):
            raise self._failure(
                f"{self.folder} holds files on the server's own disk, which the volume would hide: move them away, "
                "then run up again"
            )
        # While nothing is mounted nothing can be put there: Docker would start a new database on the server's own disk.
        system.run("chattr", "+i", self.folder)
        # Docker waits for the disk at boot, and the server comes up without it.
        options = "nofail,noatime,x-systemd.device-timeout=120s,x-systemd.before=docker.service"
        if mounts.at_boot(f"UUID={found['UUID']} {self.folder} {kind} {options} 0 2", mounts.FOLDER):
            system.must("systemctl", "daemon-reload")
        mounted = system.run("mount", self.folder)
        if mounted.code:
            raise self._failure(
                f"the volume {self.number} cannot be mounted: {mounted.error.strip()}; try fsck.{kind} {self.device} "
                "there, then run up again"
            )
        print(f"host: mounted the volume {self.number} on {self.folder}")

    def _identified(self) -> dict[str, str]:
        """What blkid finds on the volume, once there is a file system."""
        self._read(FIRST)
        found = system.run("blkid", "-p", "-o", "export", self.device)
        if found.code == NOTHING_FOUND:
            # What blkid does not know may still be somebody's data; a new volume is empty.
            if any(self._read(START)):
                raise self._failure(
                    f"the volume {self.number} holds something that is no file system, and was left alone: "
                    f"empty it (dd if=/dev/zero of={self.device} bs=1M count=4) or attach another"
                )
            system.must("mkfs.ext4", "-q", "-m", "1", self.device)
            print(f"host: made a file system on the volume {self.number}")
            found = system.run("blkid", "-p", "-o", "export", self.device)
        if found.code:
            raise self._failure(
                f"the volume {self.number} has signs of several file systems, and was left alone: "
                f"see wipefs {self.device}"
            )
        return dict(line.split("=", 1) for line in found.out.splitlines() if "=" in line)

    def _read(self, size: int) -> bytes:
        try:
            with open(self.device, "rb") as file:
                return file.read(size)
        except OSError:
            raise self._failure(f"the volume {self.number} cannot be read: {IN_CONSOLE}") from None

    def _grow(self, kind: str) -> None:
        command = {"ext4": ["resize2fs", self.device], "xfs": ["xfs_growfs", self.folder]}.get(kind)
        # Without its own tools a file system of another kind stays as large as it is.
        if not command or not shutil.which(command[0]):
            return
        before = _size(self.folder)
        grown = system.run(*command)
        if grown.code:
            raise self._failure(
                f"the file system on the volume {self.number} cannot be enlarged: {system.last_line(grown)}"
            )
        if _size(self.folder) != before:
            print(f"host: enlarged the file system on the volume {self.number}")

    def _failure(self, reason: str) -> Failure:
        return Failure(f"host/volume_size: {reason}")


def _is_block_device(path: str) -> bool:
    try:
        return stat.S_ISBLK(os.stat(path).st_mode)
    except OSError:
        return False


def _size(folder: str) -> int:
    found = os.statvfs(folder)
    return found.f_blocks * found.f_frsize
