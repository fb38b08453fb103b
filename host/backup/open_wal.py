"""The WAL file that PostgreSQL writes, and that is archived once it ends.

`archive_timeout` ends it after 15 s, but not while the clock is behind a time that PostgreSQL has seen: a clock that is
set back by an hour stops it for an hour.
"""

import time

from . import archive, state
from .postgres import Live

WAIT_S = 25
"""Seconds that commits may wait in the open file, so that a turn every 15 s loses less than a minute."""
# The snapshot comes first, so its commits are before the end of the WAL.
READ = """
SELECT pg_current_snapshot() \\gset
SELECT :'pg_current_snapshot', pg_walfile_name(pg_current_wal_insert_lsn())
"""


def end_if_late(live: Live) -> None:
    """Ends the open file if commits have waited in it. An idle server ends none."""
    before = state.read("open.json")
    snapshot, file = live.query(READ).split("|")
    same = file == before.get("file")
    # All that an older file's last look has seen is in a file that has ended.
    ended = before.get("ended") if same else before.get("snapshot")
    since, now = (before.get("since") if same else None), time.monotonic()
    if snapshot == ended:
        since = None
    elif since is None:
        since = now
    elif not 0 <= now - since < WAIT_S:  # it begins anew with the server
        archive.switch(live)
    state.write("open.json", {"file": file, "snapshot": snapshot, "ended": ended, "since": since})
