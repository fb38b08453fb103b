"""The WAL file that PostgreSQL writes, and that is archived once it ends.

`archive_timeout` ends it after 15 s, but not while the clock is behind a time that PostgreSQL has seen: a clock that is
set back by an hour stops it for an hour.
"""

import time

from . import archive, state
from .postgres import Live

WAIT_S = 25
"""Seconds that commits may wait in the open file, so that a turn every 15 s loses less than a minute."""
# The snapshot comes first, so its commits are before the end of the WAL. The times: now, and the newest that is known.
READ = """
SELECT pg_current_snapshot() \\gset
SELECT :'pg_current_snapshot', pg_walfile_name(pg_current_wal_insert_lsn()), extract(epoch FROM clock_timestamp()),
  extract(epoch FROM greatest(last_archived_time, last_failed_time, checkpoint_time))
FROM pg_stat_archiver, pg_control_checkpoint()
"""


def end_if_late(live: Live) -> None:
    """Ends the open file if the clock is behind, and commits have waited in it. An idle server ends none."""
    before = state.read("open.json")
    snapshot, file, clock, newest = live.query(READ).split("|")
    reached = max(float(newest), before.get("reached") or 0)
    if float(clock) >= reached:
        if before:
            state.write("open.json", {})
        return
    same = file == before.get("file")
    # What the last look has seen is in the older file, which has ended.
    ended = before.get("ended") if same else before.get("snapshot")
    since, now = (before.get("since") if same else None), time.monotonic()
    if snapshot == ended:
        since = None
    elif since is None:
        since = now
    elif not 0 <= now - since < WAIT_S:  # it counts from the server's start
        archive.switch(live)
    state.write("open.json", {"reached": reached, "file": file, "snapshot": snapshot, "ended": ended, "since": since})
