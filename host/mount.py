"""mount: mount the volume for data, now and at each boot.

Only an empty volume gets a file system. The file system of an enlarged volume is enlarged too. Safe to run again: it
changes only what is missing.
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

POLL_S = 0.2
FIRST, START = 4096, 4 << 20
"""Bytes: to test whether a volume can be read, and to test whether it is empty."""
NOTHING_FOUND = 2
"""blkid's exit code if it recognizes nothing."""
KINDS = ("ext4", "xfs")
IN_CONSOLE = "see its place in Hetzner's console"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("device")
    parser.add_argument("folder")
    parser.add_argument("--wait", type=int, required=True, help="seconds for the volume to attach")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Mounts the volume."""
    with system.lock_settings():
        Volume(args.device, args.folder).ensure_mounted(args.wait)


@dataclass(frozen=True)
class Volume:
    """A volume, by its device and its mount point."""

    device: str
    folder: str

    def ensure_mounted(self, wait_s: int) -> None:
        """Waits for the volume, mounts it, and enlarges its file system to the volume's size."""
        self._wait_for_device(wait_s)
        mount = mounts.find(self.folder)
        if mount and mount.number != self._device_number() and not mounts.is_alive(mount, self.folder):
            system.check_output("umount", "-l", self.folder)
            mount = mounts.find(self.folder)
        if not mount:
            self._mount()
            mount = mounts.find(self.folder)
        if not mount or mount.number != self._device_number():
            raise self._failure(
                f"{self.folder} is a different disk from the volume {self.id}: umount {self.folder} there, "
                "then run up again"
            )
        self._grow(mount.kind)

    @property
    def id(self) -> str:
        """Its id at Hetzner, which ends the device's name."""
        return self.device.rpartition("_")[2]

    def _wait_for_device(self, wait_s: int) -> None:
        end = time.monotonic() + wait_s
        while not _is_block_device(self.device):
            if time.monotonic() >= end:
                raise self._failure(
                    f"the volume {self.id} did not attach within {wait_s} s: {IN_CONSOLE}, then run up again"
                )
            time.sleep(POLL_S)

    def _device_number(self) -> str:
        device = os.stat(self.device).st_rdev
        return f"{os.major(device)}:{os.minor(device)}"

    def _mount(self) -> None:
        file_system = self._file_system()
        kind = file_system.get("TYPE", "")
        if kind not in KINDS:
            raise self._failure(
                f"the volume {self.id} contains {kind or 'a partition table'} and not ext4, and was not changed: "
                "attach one that is empty or has ext4"
            )
        os.makedirs(self.folder, exist_ok=True)
        if os.listdir(self.folder):
            raise self._failure(
                f"{self.folder} contains files on the server's own disk, which the volume would hide: move them away, "
                "then run up again"
            )
        # Nothing can be written there without the mount: Docker would start a new database on the server's own disk.
        system.run("chattr", "+i", self.folder)
        # At boot, Docker waits for the disk, but the server also starts without it.
        options = "nofail,noatime,x-systemd.device-timeout=120s,x-systemd.before=docker.service"
        if mounts.set_fstab_line(f"UUID={file_system['UUID']} {self.folder} {kind} {options} 0 2", mounts.FOLDER):
            system.check_output("systemctl", "daemon-reload")
        result = system.run("mount", self.folder)
        if result.code:
            raise self._failure(
                f"the volume {self.id} cannot be mounted: {result.error.strip()}; try fsck.{kind} {self.device} "
                "there, then run up again"
            )
        print(f"host: mounted the volume {self.id} on {self.folder}")

    def _file_system(self) -> dict[str, str]:
        """Returns blkid's description of the file system, and creates one on an empty volume first."""
        self._read(FIRST)
        result = system.run("blkid", "-p", "-o", "export", self.device)
        if result.code == NOTHING_FOUND:
            # blkid does not recognize all data. A new volume is empty.
            if any(self._read(START)):
                raise self._failure(
                    f"the volume {self.id} contains data without a known file system, and was not changed: "
                    f"empty it (dd if=/dev/zero of={self.device} bs=1M count=4) or attach another"
                )
            system.check_output("mkfs.ext4", "-q", "-m", "1", self.device)
            print(f"host: created a file system on the volume {self.id}")
            result = system.run("blkid", "-p", "-o", "export", self.device)
        if result.code:
            raise self._failure(
                f"the volume {self.id} has signs of several file systems, and was not changed: see wipefs {self.device}"
            )
        return dict(line.split("=", 1) for line in result.out.splitlines() if "=" in line)

    def _read(self, size: int) -> bytes:
        try:
            with open(self.device, "rb") as file:
                return file.read(size)
        except OSError:
            raise self._failure(f"the volume {self.id} cannot be read: {IN_CONSOLE}") from None

    def _grow(self, kind: str) -> None:
        command = {"ext4": ["resize2fs", self.device], "xfs": ["xfs_growfs", self.folder]}.get(kind)
        # Without the file system's own tool, its size stays.
        if not command or not shutil.which(command[0]):
            return
        before = _size(self.folder)
        result = system.run(*command)
        if result.code:
            raise self._failure(
                f"the file system on the volume {self.id} cannot be enlarged: {system.last_line(result)}"
            )
        if _size(self.folder) != before:
            print(f"host: enlarged the file system on the volume {self.id}")

    def _failure(self, reason: str) -> Failure:
        return Failure(f"host/volume_size: {reason}")


def _is_block_device(path: str) -> bool:
    try:
        return stat.S_ISBLK(os.stat(path).st_mode)
    except OSError:
        return False


def _size(folder: str) -> int:
    file_system = os.statvfs(folder)
    return file_system.f_blocks * file_system.f_frsize
