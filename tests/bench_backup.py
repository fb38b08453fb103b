"""The nightly restore test of 1 GiB, and what archiving costs: time, memory, and the delay of others meanwhile."""

import statistics
import sys
from collections.abc import Iterator
from threading import Thread

import docker

from local.images.base import ensure_base
from tests.throwaway.backups import BINARIES, Backups
from tests.throwaway.box import docker as call

SCALE = 68
"""Of pgbench: about 1 GiB."""
PAIRS, RUN_S = 12, 15
CLIENTS, RATE = 4, 50
PGBENCH = [f"{BINARIES}/pgbench", "-h", "/tmp", "-U", "postgres", "-n"]
ARCHIVE = "test -e /tmp/off || pgbackrest --stanza=main archive-push %p"
"""Archiving that a file turns off: a restart for each run would measure the restart."""
# The container's memory without the file cache, which the kernel takes back. 0.2 s apart, until it is told to stop.
WATCH = """
rm -f /tmp/stop; peak=0; folder=/sys/fs/cgroup
[ -e $folder/memory ] && folder=$folder/memory
while [ ! -e /tmp/stop ]; do
  used=$(awk '$1 ~ /^(anon|kernel|rss|shmem)$/ {sum += $2} END {print sum}' $folder/memory.stat)
  [ "$used" -gt "$peak" ] && peak=$used
  sleep 0.2
done
killed=$(cat $folder/memory.events $folder/memory.oom_control 2>/dev/null | awk '$1 == "oom_kill" {print $2}')
echo "$((peak / 1048576)) MiB at most, $killed processes killed"
"""


def throughput(backups: Backups) -> float:
    """Returns the transactions a second of one run, which begins right after a checkpoint."""
    backups.sql("CHECKPOINT")
    words = [*PGBENCH, "-N", "-c", str(CLIENTS), "-T", str(RUN_S), "bench"]
    lines = backups.execute(backups.postgres, *words).out.splitlines()
    return float(next(line for line in lines if line.startswith("tps")).split()[2])


def archiving(backups: Backups) -> Iterator[tuple[str, str, str]]:
    """Yields the throughput with archiving, as a part of that without it: pairs of runs, each first in turns."""
    ratios = []
    for pair in range(PAIRS):
        tps = {}
        for on in (True, False) if pair % 2 else (False, True):
            call("exec", backups.postgres, "rm" if on else "touch", *(["-f"] if on else []), "/tmp/off")
            tps[on] = throughput(backups)
        ratios.append(tps[True] / tps[False])
    call("exec", backups.postgres, "rm", "-f", "/tmp/off")
    figure = f"{statistics.median(ratios):.3f} (of {len(ratios)} pairs: {min(ratios):.2f} to {max(ratios):.2f})"
    yield "write throughput with archiving, as a part of that without", "0.95", figure


def p99(backups: Backups, seconds: int) -> list[float]:
    """Returns the milliseconds of each transaction of a steady load."""
    words = [*PGBENCH, "-N", "-c", "2", "-R", str(RATE), "-T", str(seconds), "-l", "--log-prefix=/tmp/log", "bench"]
    backups.execute(backups.postgres, "bash", "-c", f"rm -f /tmp/log*; {' '.join(words)}", timeout_s=seconds + 60)
    lines = backups.execute(backups.postgres, "bash", "-c", "cat /tmp/log*").out.splitlines()
    # The fields: client, transaction, microseconds since it was due, ...
    return [int(line.split()[2]) / 1000 for line in lines]


def nightly(backups: Backups) -> Iterator[tuple[str, str, str]]:
    """Yields the duration and the memory of a restore test, and the delay of others meanwhile."""
    quiet = p99(backups, 20)
    peak: list[str] = []
    watcher = Thread(target=lambda: peak.append(backups.execute(backups.container, "bash", "-c", WATCH).out))
    delays: list[float] = []
    watcher.start()
    # About as long as the test takes; what is longer is quiet.
    load = Thread(target=lambda: delays.extend(p99(backups, 30)))
    load.start()
    verify = backups.answer("verify")
    load.join()
    backups.execute(backups.container, "touch", "/tmp/stop")
    watcher.join()
    assert verify["result"] == "good", verify
    size = int(backups.sql("SELECT pg_database_size('bench')")) / 2**30
    yield (
        f"restore test of {size:.2f} GiB",
        "",
        f"{verify['took_s']:.0f} s, {verify['databases']['bench']['rows']:,} rows",
    )
    yield "memory of its container", f"{backups.memory_mb} MB", peak[0]
    figure = f"{percentile(delays):.0f} ms (without a test: {percentile(quiet):.0f})"
    yield "p99 of the live database meanwhile", "250 ms", figure


def percentile(delays: list[float]) -> float:
    """Returns the 99th percentile."""
    return sorted(delays)[int(len(delays) * 0.99)]


def rows() -> Iterator[tuple[str, str, str]]:
    """Yields what was measured, its limit, and the figure."""
    backups = Backups(ensure_base(docker.from_env()), postgres_options={"archive_command": ARCHIVE})
    try:
        backups.start()
        backups.sql("CREATE DATABASE bench")
        backups.execute(backups.postgres, *PGBENCH, "-i", "-q", "-s", str(SCALE), "bench")
        assert backups.call("check").ok
        backups.answer("backup", "full")
        yield from nightly(backups)
        yield from archiving(backups)
    finally:
        backups.clear()


if __name__ == "__main__":
    for line in rows():
        sys.stdout.write(" | ".join(line) + "\n")
        sys.stdout.flush()
