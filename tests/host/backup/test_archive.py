"""What a wait for the archive says, without Docker."""

import pytest

from host.backup import archive, gaps
from host.backup.pgbackrest import Info, Repository
from host.backup.postgres import Archiver
from host.backup.wal import Wal
from host.failure import Failure
from tests.host.backup.test_copying import FIRST

ARCHIVER = Archiver(1, Wal(2**24), 1, 0, "0" * 8 + "1".zfill(16), "", "")
LAST = "000000010000000000000009"


@pytest.mark.parametrize("there", [[], ["000000010000000000000002", LAST]])
def test_lost_wal_names_the_command_that_closes_the_gap(monkeypatch: pytest.MonkeyPatch, there: list[str]) -> None:
    backups = [{"archive": {"stop": "000000010000000000000002"}}] if there else []
    monkeypatch.setattr(Repository, "info", lambda _: Info(backups, {"17-1": 1}, "", has_stanza=True))
    monkeypatch.setattr(gaps, "listed", lambda *_: iter(there))
    with pytest.raises(Failure, match=r"A new backup closes the gap: `./sertantai backup now`$"):
        archive._check_repository(FIRST, ARCHIVER, LAST)
