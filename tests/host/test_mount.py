"""The disk for data: its data is never formatted, and no data is written without it. tests/hetzner mounts one."""

import argparse
import os
import shutil
import stat
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from host import folder, folder_remove, lost, mount, mounts, system
from host.docker import Output
from host.failure import Failure
from tests.doubles.commands import FINE, Commands, failed, printed

DEVICE = "scsi-0HC_Volume_12"
EXT4, XFS = "UUID=a-b\nTYPE=ext4\n", "UUID=a-b\nTYPE=xfs\n"


@dataclass
class Server:
    """A server in a folder: its mounts, /etc/fstab, one volume, and its mount point."""

    root: Path
    commands: Commands
    number: str

    @property
    def device(self) -> Path:
        return self.root / DEVICE

    @property
    def folder(self) -> Path:
        return self.root / "data"

    @property
    def fstab(self) -> Path:
        return self.root / "fstab"

    def mounted(self, number: str | None = None, kind: str = "ext4") -> None:
        """Mounts something on the folder, by default the volume."""
        self.folder.mkdir(exist_ok=True)
        line = f"36 25 {number or self.number} / {self.folder} rw,noatime - {kind} {self.device} rw\n"
        with (self.root / "mountinfo").open("a") as file:
            file.write(line)

    def is_there(self, number: str) -> None:
        """A device that the kernel knows."""
        (self.root / "block" / number).mkdir()

    def mount(self, wait_s: int = 0) -> None:
        mount.Volume(str(self.device), str(self.folder)).ensure_mounted(wait_s)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    commands = Commands({"blkid": printed(EXT4)})
    monkeypatch.setattr(system, "run", commands)
    monkeypatch.setattr(shutil, "which", lambda name: name)
    # A file stands in for the device in all checks of the verb.
    monkeypatch.setattr(stat, "S_ISBLK", stat.S_ISREG)
    for name, place in {"MOUNTS": "mountinfo", "FSTAB": "fstab", "DEVICES": "block"}.items():
        monkeypatch.setattr(mounts, name, tmp_path / place)
    (tmp_path / "mountinfo").write_text("25 1 0:22 / / rw - overlay overlay rw\n")
    (tmp_path / "block").mkdir()
    made = Server(tmp_path, commands, "0:0")
    made.device.write_bytes(bytes(mount.START))
    made.is_there(made.number)

    def mounts_it() -> Output:
        made.mounted()
        return FINE

    commands.answers["mount"] = mounts_it
    return made


def test_a_volume_is_mounted_now_and_at_each_boot(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.fstab.write_text(f"# of Debian\nUUID=root / ext4 rw 0 1\nUUID=old {server.folder} ext4 rw 0 2\n")
    server.mount()
    assert capsys.readouterr().out == f"host: mounted the volume 12 on {server.folder}\n"
    first, second, last = server.fstab.read_text().splitlines()
    assert (first, second) == ("# of Debian", "UUID=root / ext4 rw 0 1")
    assert last.startswith(f"UUID=a-b {server.folder} ext4 nofail,noatime,")
    assert "x-systemd.before=docker.service" in last
    assert server.commands.has_run("systemctl daemon-reload")
    assert server.commands.has_run(f"chattr +i {server.folder}")


def test_a_mounted_volume_is_not_changed(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.mount()
    server.commands.ran.clear()
    capsys.readouterr()
    server.mount()
    assert server.commands.ran == [f"resize2fs {server.device}"]
    assert capsys.readouterr().out == ""


def test_an_interrupted_run_that_wrote_fstab_is_completed(server: Server) -> None:
    server.mount()
    (server.root / "mountinfo").write_text("")
    server.commands.ran.clear()
    server.mount()
    assert server.commands.has_run("mount ")
    assert not server.commands.has_run("systemctl")
    assert len(server.fstab.read_text().splitlines()) == 1


def test_a_volume_that_does_not_attach_is_an_error_with_its_number(server: Server) -> None:
    server.device.unlink()
    with pytest.raises(Failure, match=r"^host/volume_size: the volume 12 did not attach within 0 s: see .* console"):
        server.mount()


def test_it_waits_for_a_volume_that_attaches_late(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.device.unlink()
    monkeypatch.setattr(time, "sleep", lambda _: server.device.write_bytes(b""))
    server.mount(wait_s=60)
    assert server.commands.has_run("mount ")


def test_an_empty_volume_gets_a_file_system_once(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    answers = iter([failed(code=mount.NOTHING_FOUND), printed(EXT4)])
    server.commands.answers["blkid"] = lambda: next(answers)
    server.mount()
    assert server.commands.has_run(f"mkfs.ext4 -q -m 1 {server.device}")
    assert capsys.readouterr().out.splitlines() == [
        "host: created a file system on the volume 12",
        f"host: mounted the volume 12 on {server.folder}",
    ]


LEFT_ALONE = {
    "something that blkid does not know": (
        {"blkid": failed(code=mount.NOTHING_FOUND)},
        r"contains data without a known file system, and was not changed: empty it \(dd if=/dev/zero",
    ),
    "several file systems": (
        {"blkid": failed(code=8)},
        "has signs of several file systems, and was not changed: see wipefs",
    ),
    "another file system": (
        {"blkid": printed("UUID=a\nTYPE=swap\n")},
        "contains swap and not ext4, and was not changed",
    ),
    "a partition table": (
        {"blkid": printed("PTTYPE=dos\n")},
        "contains a partition table and not ext4, and was not changed",
    ),
    "a mount that fails": (
        {"mount": failed("mount: wrong fs type")},
        "the volume 12 cannot be mounted: mount: wrong fs type; try fsck.ext4 ",
    ),
    "a file system that cannot grow": (
        {"resize2fs": failed("resize2fs: bad block\n")},
        "the file system on the volume 12 cannot be enlarged: resize2fs: bad block",
    ),
}


@pytest.mark.parametrize("what", LEFT_ALONE)
def test_an_obstacle_is_reported_and_not_changed(server: Server, what: str) -> None:
    answers, error = LEFT_ALONE[what]
    server.commands.answers |= answers
    server.device.write_bytes(bytes(mount.START - 1) + b"\1")
    with pytest.raises(Failure, match=f"^host/volume_size: .*{error}"):
        server.mount()
    assert not server.commands.has_run("mkfs")


def test_files_that_the_volume_would_hide_are_not_changed(server: Server) -> None:
    server.folder.mkdir()
    (server.folder / "file").touch()
    with pytest.raises(
        Failure, match="contains files on the server's own disk, which the volume would hide: move them"
    ):
        server.mount()
    assert not server.commands.has_run("mount ")


def test_another_disk_on_the_mount_point_is_not_changed(server: Server) -> None:
    server.is_there("8:99")
    server.mounted("8:99")
    with pytest.raises(Failure, match=r"^host/volume_size: .* is a different disk from the volume 12: umount "):
        server.mount()
    assert not server.commands.has_run("umount")


def test_a_volume_that_cannot_be_read_is_an_error(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise OSError("Input/output error")

    monkeypatch.setattr("builtins.open", broken)
    with pytest.raises(Failure, match=r"^host/volume_size: the volume 12 cannot be read: see its place"):
        server.mount()


def test_a_mount_whose_disk_is_gone_is_unmounted(server: Server) -> None:
    """It was detached and attached again as another device."""
    server.mounted("8:99")

    def lets_go() -> Output:
        (server.root / "mountinfo").write_text("")
        return FINE

    server.commands.answers["umount"] = lets_go
    server.mount()
    assert server.commands.has_run(f"umount -l {server.folder}")
    assert server.commands.has_run("mount ")


def test_an_enlarged_volume_is_used_whole(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.mounted(kind="xfs")
    sizes = iter([10, 20])
    monkeypatch.setattr(mount, "_size", lambda _: next(sizes))
    server.mount()
    assert server.commands.ran == [f"xfs_growfs {server.folder}"]
    assert capsys.readouterr().out == "host: enlarged the file system on the volume 12\n"


def test_without_its_tools_a_file_system_keeps_its_size(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.mounted(kind="xfs")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    server.mount()
    assert server.commands.ran == []


def call(verb: object, *words: str) -> None:
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)  # type: ignore[attr-defined]
    verb.run(parser.parse_args(words), {})  # type: ignore[attr-defined]


def test_a_disk_is_lost_if_fstab_has_it_and_it_is_not_mounted(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    def said() -> str:
        call(lost, str(server.folder))
        return capsys.readouterr().out

    assert said() == ""  # never mounted, so not lost
    server.mount()
    capsys.readouterr()
    assert said() == ""
    (server.root / "block" / server.number).rmdir()
    assert said() == "lost\n"
    (server.root / "mountinfo").write_text("")
    assert said() == "lost\n"


def test_a_volumes_folder_is_created_on_the_disk_alone(server: Server) -> None:
    with pytest.raises(Failure, match=f"^host/volume_size: no disk is mounted on {server.folder}; run up again$"):
        call(folder, str(server.folder), "legal")
    server.mounted()
    for _ in range(2):
        call(folder, str(server.folder), "legal")
    assert os.listdir(server.folder) == ["legal"]


def test_a_removed_volumes_folder_is_removed_from_the_disk_alone(server: Server) -> None:
    call(folder_remove, str(server.folder), "legal")
    assert server.commands.ran == []
    server.mounted()
    call(folder_remove, str(server.folder), "legal")
    assert server.commands.ran == [f"rm -rf --one-file-system {server.folder}/legal"]


@pytest.mark.parametrize("name", ["", ".", "..", "../etc", "/", "legal/data"])
@pytest.mark.parametrize("verb", [folder, folder_remove])
def test_only_a_folder_directly_on_the_disk_can_be_named(server: Server, verb: object, name: str) -> None:
    server.mounted()
    with pytest.raises(SystemExit):
        call(verb, str(server.folder), name)
    assert server.commands.ran == []
