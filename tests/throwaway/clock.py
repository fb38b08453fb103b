"""A clock that can be set, for throwaway containers: each program reads it through libfaketime, also while it runs."""

import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.machine import alone, failure
from tests.places import ROOT

LIBRARY = "libfaketime.so.1"


def library() -> Path:
    """Returns the library. Debian's package is unpacked once on this machine, and installed nowhere."""
    folder = ROOT / ".local" / "libfaketime"
    with alone("libfaketime"):
        if not (found := list(folder.rglob(LIBRARY))):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            get = f"cd '{folder}' && apt-get download libfaketime && dpkg -x libfaketime_*.deb ."
            if error := failure(["sh", "-c", get]):
                pytest.fail(f"Debian's package libfaketime, which sets a container's clock, cannot be had: {error}")
            found = list(folder.rglob(LIBRARY))
    return found[0]


def far_off() -> str:
    """Returns a time of the day that a shifted clock does not reach, for a nightly test that must not begin."""
    return f"{datetime.now(UTC) + timedelta(hours=12):%H:%M}"


def far_day() -> str:
    """Returns a time of the week that is far off, for a full backup that must not begin."""
    return f"{datetime.now(UTC) + timedelta(days=3):%a} 02:15"


class Clock:
    """The clock of all containers that are started with its `options`. It is right at first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "clock"
        self._folder.mkdir()
        self._folder.chmod(0o755)
        shutil.copy(library(), self._folder)
        self.shift(0)

    @property
    def options(self) -> list[str]:
        """Of `docker run`."""
        values = {
            "LD_PRELOAD": f"/clock/{LIBRARY}",
            "FAKETIME_TIMESTAMP_FILE": "/clock/now",
            "FAKETIME_CACHE_DURATION": "1",
        }
        return [
            *("-v", f"{self._folder}:/clock:ro"),
            *(word for name, value in values.items() for word in ("-e", f"{name}={value}")),
        ]

    def shift(self, minutes: int) -> None:
        """Sets the clock to this many minutes after the right time, while no program measures a length of time."""
        aside = self._folder / "aside"
        aside.write_text(f"{minutes * 60:+d}\n")
        os.replace(aside, self._folder / "now")
        time.sleep(2.5)  # a program that runs reads the file again once a whole second has passed
