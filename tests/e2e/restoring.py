"""The moments of a restore, and its result."""

import time
from collections.abc import Callable
from pathlib import Path

from .dumps import ON_HOST, checksum
from .foundation import eventually
from .laws import LEGAL
from .platform import Platform

HOST = "legal.localhost"


def stopped(platform: Platform) -> bool:
    return any(each.status == "exited" for each in platform.containers(service="legal", part="app"))


def slotless(platform: Platform) -> bool:
    return not platform.sql("SELECT 1 FROM pg_replication_slots WHERE slot_name = 'electric_slot_legal'")


def copying(platform: Platform) -> bool:
    return "COPY" in platform.sql("SELECT query FROM pg_stat_activity WHERE datname = 'sertantai_legal_local'")


def recorded(platform: Platform) -> bool:
    there = platform.sql("SELECT to_regclass('sertantai_restores') IS NOT NULL", LEGAL)
    return there == "t" and platform.sql("SELECT count(*) FROM sertantai_restores", LEGAL) == "1"


MOMENTS: dict[str, Callable[[Platform], object]] = {
    "the dump arrives": lambda _: list(ON_HOST.glob("legal-incoming-*")),
    "the previous rows have been dumped": lambda _: (ON_HOST / "legal-before.dump").exists(),
    "the app has stopped": stopped,
    "the slot is dropped": slotless,
    "rows go in": copying,
    "all is committed": recorded,
    "Electric has its slot again": lambda platform: recorded(platform) and not slotless(platform),
}


def reach(platform: Platform, moment: str) -> None:
    """Waits for one of the moments."""
    end = time.monotonic() + 60
    while not MOMENTS[moment](platform):
        assert time.monotonic() < end, f"{moment}: never"
        time.sleep(0.01)


def processes(platform: Platform) -> list[str]:
    """Returns the processes of a restore, with their children: the rest of a killed run."""
    everywhere = (path for path in Path("/proc").iterdir() if path.name.isdigit())
    return [path.name for path in everywhere if _folder(path) == platform.folder]


def _folder(process: Path) -> Path | None:
    try:
        return (process / "cwd").readlink()
    except OSError:
        return None


def settle(platform: Platform) -> None:
    """Waits until nothing of it runs on the host any more."""
    eventually(lambda: not processes(platform), 120)
    eventually(lambda: not copying(platform), 120)


def is_whole(platform: Platform, before: str) -> bool:
    """Whether the dump is restored. Otherwise everything is unchanged."""
    now = checksum(platform)
    assert now in (before, checksum(platform, "legal_dev"))
    return now != before


def ends_well(platform: Platform) -> None:
    """The next `up` restores it if it is not restored yet, and everything serves."""
    done = platform.up()
    assert done.ok, done.error
    assert checksum(platform) == checksum(platform, "legal_dev")
    assert platform.get(HOST, "/health").status_code == 200
    assert platform.get(HOST, "/").status_code == 200
    assert not slotless(platform)
