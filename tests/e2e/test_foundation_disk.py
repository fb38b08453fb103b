"""The database's disk is full: writes are refused, nothing is corrupted, and with free space everything continues."""

import os
from collections.abc import Iterator

import httpx
import pytest

from local.owner import REHEARSAL

from .foundation import all_serve, eventually, inside, own, replicated
from .platform import STACK, Platform

pytestmark = [pytest.mark.one_runner, pytest.mark.e2e, pytest.mark.docker, pytest.mark.faults]
LEGAL = "legal.localhost"
VOLUME = f"sertantai-{STACK}-small"
DATABASE = "sertantai_legal_local"
SMALL, LARGE = "size=300m", "size=600m"


class Disk:
    """A volume of limited size. Its own container keeps it mounted while PostgreSQL's restarts."""

    def __init__(self, platform: Platform, image: str) -> None:
        options = {"type": "tmpfs", "device": "tmpfs", "o": SMALL}
        labels = REHEARSAL | {"sertantai.stack": STACK}
        platform.docker.volumes.create(VOLUME, driver_opts=options, labels=labels)
        self.keeper = platform.docker.containers.run(
            image,
            ["infinity"],
            entrypoint="sleep",
            volumes=[f"{VOLUME}:/disk"],
            cap_add=["SYS_ADMIN"],
            security_opt=["apparmor=unconfined"],
            detach=True,
        )

    def resize(self, size: str) -> None:
        # As `mount -o remount`, which these images do not have.
        remount = f"ctypes.CDLL(None).mount(None, b'/disk', None, 32, b'{size}')"
        code, output = self.keeper.exec_run(["python3", "-c", f"import ctypes, sys; sys.exit({remount})"])
        assert code == 0, output

    def free_mb(self) -> int:
        return int(bytes(self.keeper.exec_run(["df", "--output=avail", "-m", "/disk"]).output).split()[-1])  # type: ignore[arg-type]


@pytest.fixture
def small(platform: Platform) -> Iterator[tuple[Platform, Disk]]:
    """The platform, created again on a small disk: its database's volume cannot be changed while it is used."""
    image = own(platform, "postgres").attrs["Image"]
    # Changed first: after any failure from here on, the platform is started again for the next test.
    platform.config["sertantai:postgres"]["volume"] = VOLUME
    before = platform.run("destroy")
    assert before.ok, before.error
    disk = Disk(platform, image)
    try:
        made = platform.up()
        assert made.ok, made.error
        yield platform, disk
        disk.resize(LARGE)
        eventually(lambda: platform.sql("SELECT 1"))
    finally:
        disk.keeper.remove(force=True)
        gone = platform.run("destroy")
        assert gone.ok, gone.error


def post(client: httpx.Client, bytes_: int) -> tuple[int, str]:
    """Returns the answer to a row of this size, which cannot be compressed, and its key or the error."""
    answer = client.post("/api/items", json={"body": os.urandom(bytes_ // 2).hex()})
    return answer.status_code, answer.json()["key"] if answer.status_code == 200 else answer.text


def fill(platform: Platform) -> set[str]:
    """Writes until a row is refused. Returns the keys of the accepted rows."""
    acknowledged: set[str] = set()
    with platform.client(LEGAL) as client:
        for _ in range(4000):
            code, said = post(client, 100_000)
            if code != 200:
                assert code >= 500, said
                return acknowledged
            acknowledged.add(said)
    raise AssertionError("the disk was never full")


def test_a_full_disk_refuses_writes_and_corrupts_nothing(small: tuple[Platform, Disk]) -> None:
    platform, disk = small
    before = platform.ids()
    acknowledged = fill(platform)
    assert disk.free_mb() < 20
    assert "No space left on device" in own(platform, "postgres").logs(tail=200).decode()
    # Requests without the database still work.
    assert platform.get(LEGAL, "/health").status_code == 200
    assert platform.get(LEGAL, "/").status_code == 200

    disk.resize(LARGE)
    with platform.client(LEGAL) as client:
        eventually(lambda: post(client, 1_000)[0] == 200)
    eventually(lambda: all_serve(platform))
    # Reads every page, with its checksum.
    kept = set(platform.sql("SELECT key FROM items WHERE length(body) > 0", DATABASE).split())
    assert acknowledged <= kept
    assert inside(platform, "postgres", f"pg_amcheck -U postgres --heapallindexed --install-missing {DATABASE}") == ""
    assert replicated(platform)
    assert platform.ids() == before
    again = platform.run("preview")
    assert again.ok, again.error
    assert not again.touched()
