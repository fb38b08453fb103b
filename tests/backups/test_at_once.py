"""Two things at once: neither breaks the other."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.throwaway.backups import Backups

from .files import files

pytestmark = [pytest.mark.docker, pytest.mark.faults, pytest.mark.xdist_group("backups")]


def test_the_first_check_and_the_first_turn(make: Callable[..., Backups]) -> None:
    """Both create the stanza, and pgBackRest lets only one do so."""
    backups = make(files(None))
    begun = [
        subprocess.Popen(["docker", "exec", backups.container, "python3", "-m", "host.backup", word], stderr=sys.stderr)
        for word in ("check", "turn", "check")
    ]
    assert [process.wait() for process in begun] == [0, 0, 0]
    assert backups.status()["problems"] == []
