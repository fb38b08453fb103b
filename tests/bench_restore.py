"""A restore compared with PostgreSQL's own `pg_restore`, in one run: wall time, and the operator's machine's memory."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.dumps import DEV, Dev, ask_for
from tests.e2e.laws import LEGAL
from tests.e2e.platform import STACK, Platform
from tests.e2e.runner import Engine, Rehearsal, Runner, has_engine

SIZES = (19_318, 1_000_000)
BARE = "legal_bare"
# Reads the dump and sends it to this machine as the host. Prints its peak memory in KiB.
PEAK = """
import hashlib, resource, sys
from components.machine.host_program import LOCAL_COMMAND
from components.service.restore_program import Restore, describe_dump, open_dump
digest = hashlib.file_digest(open(sys.argv[1], "rb"), "sha256").hexdigest()
describe_dump(open_dump("bench", sys.argv[1], {})[0], sys.argv[1])
Restore(
    service="bench", dump=sys.argv[1], digest=digest, replace=False, disable_triggers=False, program=LOCAL_COMMAND,
    stack="bench", database="bench", postgres="bench", gateway="bench", expect={}, inputs={},
).send()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def bare(platform: Platform, dump: Path) -> float:
    """Returns the seconds of `pg_restore` alone into a database with the same tables."""
    platform.sql(f"DROP DATABASE IF EXISTS {BARE}")
    platform.sql(f"CREATE DATABASE {BARE} TEMPLATE {DEV}")
    platform.sql("TRUNCATE uk_lrt, items, schema_migrations", BARE)
    command = ["docker", "exec", "-i", f"sertantai-{STACK}-postgres", "pg_restore", "-U", "postgres", "-d", BARE]
    begun = time.monotonic()
    with dump.open("rb") as file:
        subprocess.run([*command, "--data-only", "--single-transaction", "--exit-on-error"], stdin=file, check=True)
    took = time.monotonic() - begun
    platform.sql(f"DROP DATABASE {BARE}")
    return took


def peak_mb(dump: Path) -> float:
    """Returns the memory of the step's own program, in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        command, home = [sys.executable, "-c", PEAK, str(dump)], os.environ | {"HOME": folder}
        return (
            int(subprocess.run(command, env=home, capture_output=True, text=True, check=True).stdout.split()[-1]) / 1024
        )


def rows(kind: type[Runner]) -> Iterator[tuple[str, str, str]]:
    """Yields what was measured, its limit, and the figure."""
    with tempfile.TemporaryDirectory() as folder:
        platform = Platform(Path(folder), kind)
        try:
            assert platform.up().ok
            for size in SIZES:
                dev = Dev(platform)
                dev.laws(size)
                dump = platform.folder / dev.dump(f"{size}.dump")
                alone = bare(platform, dump)
                ask_for(platform, f"dumps/{dump.name}", expect={"uk_lrt": size}, replace=True)
                begun = time.monotonic()
                done = platform.up()
                took = time.monotonic() - begun
                assert done.ok, done.error
                assert platform.sql("SELECT count(*) FROM uk_lrt", LEGAL) == str(size)
                again = time.monotonic()
                assert platform.up().ok
                idle = time.monotonic() - again
                limit = f"{1.5 * alone + 10:.1f} s (1.5 x {alone:.1f} + 10)"
                figure = f"{took:.1f} s, {idle:.1f} of them an `up` with nothing to change"
                yield f"a restore of {size:,} rows, {kind.__name__.lower()}", limit, figure
                megabytes = dump.stat().st_size / 2**20
                yield f"memory here for a dump of {megabytes:.1f} MiB", "flat", f"{peak_mb(dump):.0f} MiB"
        finally:
            platform.reset()
            platform.run("destroy")


def every() -> Iterator[tuple[str, str, str]]:
    """Measures with the rehearsal, and with the engine if it is installed."""
    for kind in (Rehearsal, Engine) if has_engine() else (Rehearsal,):
        yield from rows(kind)


if __name__ == "__main__":
    for line in every():
        sys.stdout.write(" | ".join(line) + "\n")
        sys.stdout.flush()
