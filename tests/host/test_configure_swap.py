"""A server without swap gets a swap file."""

import os

import pytest

from host import configure, mounts
from host.failure import Failure
from tests.doubles.commands import FINE

from .configuring import Server


@pytest.fixture(autouse=True)
def _has_none(server: Server) -> None:
    server.commands.answers["swapon --show"] = FINE
    server.inputs["swap_mb"] = 1


def test_a_swap_file_is_created_on_a_server_without_swap(server: Server) -> None:
    mounts.FSTAB.write_text("UUID=root / ext4 rw 0 1\n")
    assert server.configure() == [f"host: uses the swap file {configure.SWAP}"]
    assert (configure.SWAP.stat().st_size, configure.SWAP.stat().st_mode & 0o777) == (1 << 20, 0o600)
    assert mounts.FSTAB.read_text() == f"UUID=root / ext4 rw 0 1\n{configure.SWAP} none swap sw 0 0\n"
    assert server.commands.has_run("mkswap ")


def test_an_existing_swap_file_is_used_and_listed_once(server: Server) -> None:
    server.configure()
    server.configure()
    assert not server.commands.has_run("mkswap ")
    assert server.commands.has_run(f"swapon {configure.SWAP}")
    assert mounts.FSTAB.read_text().count("swap sw") == 1


def test_too_little_room_for_swap_is_reported_and_no_file_is_left(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(Failure, match=r"^host: no room for a swap file of 1 MB$"):
        server.configure()
    assert list(server.root.glob("swapfile*")) == []
