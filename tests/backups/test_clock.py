"""A bucket refuses requests of a server whose clock is an hour off: the problem is named, and nothing is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.doubles.repositories.s3 import ObjectStorage
from tests.throwaway.backups import Backups
from tests.throwaway.clock import Clock, far_off

from .files import files

pytestmark = [pytest.mark.docker, pytest.mark.faults, pytest.mark.xdist_group("backups")]


@pytest.mark.parametrize("minutes", [60, -60])
def test_the_refused_clock_is_named_and_the_right_one_cures_it(
    make: Callable[..., Backups], bucket: ObjectStorage, tmp_path: Path, minutes: int
) -> None:
    clock = Clock(tmp_path)
    backups = make(files(bucket, verify=far_off()), docker_options=clock.options, memory_mb=512)
    assert backups.call("check").ok
    backups.answer("turn")
    assert not backups.status()["problems"]

    clock.shift(minutes)
    backups.sql("CREATE TABLE rows AS SELECT 1; SELECT pg_switch_wal()")
    backups.answer("turn")
    problems = "\n".join(backups.status()["problems"])
    assert "backup/repository: HTTP request failed with 403 (Forbidden): RequestTimeTooSkewed" in problems

    clock.shift(0)
    backups.answer("wait-archived", backups.sql("SELECT pg_current_wal_insert_lsn()"))
    backups.answer("turn")
    assert not backups.status()["problems"]
    assert backups.answer("verify")["result"] == "good"
    assert len(backups.status()["repositories"]["repository"]["ranges"]) == 1
