"""Volumes that are files here, and loop devices while they are attached."""

import shutil
import subprocess
import time
from pathlib import Path

MB_PER_GB = 25
"""How much smaller a volume is than its size says. Its file only uses what is written."""
SMALLEST_GB = 10
RELEASE_TIMEOUT_S = 20


def by_id(volume_id: int) -> str:
    """Returns the name of a volume in a server's /dev/disk/by-id."""
    return f"scsi-0HC_Volume_{volume_id}"


class Disks:
    """The volumes' files, and for each server a folder that is its /dev/disk/by-id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._attached: dict[int, tuple[int, str]] = {}
        self.clear()
        folder.mkdir()

    def devices(self, server_id: int) -> Path:
        """Returns a server's /dev/disk/by-id."""
        folder = self._folder / f"devices-{server_id}"
        folder.mkdir(exist_ok=True)
        return folder

    def format(self, volume_id: int, size_gb: int, filesystem: str) -> None:
        """Creates a volume, with a file system or empty."""
        with self._file(volume_id).open("wb") as empty:
            empty.truncate(size_gb * MB_PER_GB * 2**20)
        if filesystem:
            _run(f"mkfs.{filesystem}", "-q", str(self._file(volume_id)))

    def resize(self, volume_id: int, size_gb: int) -> None:
        """Enlarges a volume. Its file system stays as it is."""
        with self._file(volume_id).open("r+b") as file:
            file.truncate(size_gb * MB_PER_GB * 2**20)
        if volume_id in self._attached:
            _run("losetup", "--set-capacity", self._attached[volume_id][1])

    def forget(self, volume_id: int) -> None:
        """Deletes a volume and its data."""
        self._file(volume_id).unlink(missing_ok=True)

    def attach(self, volume_id: int, server_id: int) -> None:
        """Attaches a volume as an unmounted device, immediately even on a running server."""
        file = self._file(volume_id)
        if not file.exists():
            self.format(volume_id, SMALLEST_GB, "")
        until = time.monotonic() + RELEASE_TIMEOUT_S
        while _run("losetup", "-j", str(file)):
            assert time.monotonic() < until, f"volume {volume_id} is still in use where it was before"
            time.sleep(0.1)
        device = _run("losetup", "--find", "--show", str(file)).strip()
        self._attached[volume_id] = (server_id, device)
        (self.devices(server_id) / by_id(volume_id)).symlink_to(f"../../{Path(device).name}")

    def place(self, volume_id: int) -> tuple[int, str] | None:
        """Returns the server and the device that a volume is attached to."""
        return self._attached.get(volume_id)

    def release(self, volume_id: int) -> None:
        """Detaches a volume. Its device disappears once nobody has it mounted."""
        server_id, device = self._attached.pop(volume_id)
        (self.devices(server_id) / by_id(volume_id)).unlink(missing_ok=True)
        _run("losetup", "--detach", device)

    def release_all(self, server_id: int) -> None:
        """Removes a server's folder, but no data on volumes."""
        for volume_id in [volume for volume, (server, _) in self._attached.items() if server == server_id]:
            self.release(volume_id)
        shutil.rmtree(self.devices(server_id))

    def clear(self) -> None:
        """Removes everything, and the rest of a killed run."""
        for file in self._folder.glob("*.img"):
            for line in _run("losetup", "-j", str(file)).splitlines():
                subprocess.run(["losetup", "--detach", line.partition(":")[0]], capture_output=True)
        if self._folder.exists():
            shutil.rmtree(self._folder)
        self._attached.clear()

    def _file(self, volume_id: int) -> Path:
        return self._folder / f"volume-{volume_id}.img"


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout
