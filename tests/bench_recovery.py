"""A lost server, and recovery to a point in time compared with pgBackRest's own restore, in one run."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.backups.platform import DATABASE, SFTP_PORT, STACK, BackedUp
from tests.doubles.repositories.sftp import StorageBox
from tests.e2e.foundation import own
from tests.waiting import eventually

ROUNDS = 2
ROWS = 3_800_000
"""Of 256 bytes, which cannot be compressed much: 1 GiB."""
LARGE = f"CREATE TABLE large AS SELECT g AS n, {' || '.join(f'md5(g::text || {n})' for n in range(8))} AS text "
LARGE += f"FROM generate_series(1, {ROWS}) g"
SCRATCH = f"sertantai-{STACK}-bench"


def lost_s(platform: BackedUp) -> float:
    """Returns the seconds of commits that are lost with the server."""
    with platform.numbers() as writing:
        begun = time.monotonic()
        eventually(lambda: time.monotonic() > begun + 40)
        platform.lose_server()
    assert not platform.up().ok
    recovered = platform.command("recover", "--lost")
    assert recovered.ok, recovered.out + recovered.error
    platform.must_go_up()
    return writing.lost_s()


def own_restore_s(platform: BackedUp, moment: str) -> float:
    """Returns the seconds of pgBackRest's own restore of the same backup into an empty volume."""
    subprocess.run(["docker", "volume", "create", SCRATCH], check=True, capture_output=True)
    postgres = own(platform, "postgres")
    mounts = [f"--volumes-from={postgres.name}:ro", "-v", f"{SCRATCH}:/restored"]
    restore = ["pgbackrest", "--stanza=main", "--pg1-path=/restored", "--type=time", f"--target={moment}", "restore"]
    script = "chown postgres /restored && chmod 700 /restored && exec setpriv --reuid postgres --regid postgres "
    command = [
        "docker",
        "run",
        "--rm",
        "--init",
        "--entrypoint",
        "bash",
        f"--network={platform.backup_network}",
        *mounts,
    ]
    line = [*command, str(postgres.attrs["Image"]), "-c", f'{script} --clear-groups "$@"', "restore", *restore]
    begun = time.monotonic()
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    took = time.monotonic() - begun
    assert done.returncode == 0, done.stdout + done.stderr
    subprocess.run(["docker", "volume", "rm", "-f", SCRATCH], check=True, capture_output=True)
    return took


def recovery_s(platform: BackedUp, moment: str) -> float:
    """Returns the seconds of the command, from nothing to a cluster that answers."""
    built = platform.command("recover", "--to", moment)
    assert built.ok, built.out + built.error
    assert platform.recovered("SELECT count(*) FROM large", DATABASE) == str(ROWS)
    assert platform.command("recover", "--drop").ok
    return built.took_s


def rows() -> Iterator[tuple[str, str, str]]:
    """Yields what was measured, its limit, and the figure."""
    with StorageBox(f"{STACK}-sftp", SFTP_PORT) as box:
        for kind, repository in (("local", None), ("sftp", box)):
            with tempfile.TemporaryDirectory() as folder:
                platform = BackedUp(Path(folder))
                try:
                    platform.protect(repository)
                    platform.must_go_up()
                    platform.await_first_backup()
                    if repository:
                        yield "commits lost with server and volumes", "60 s", f"{lost_s(platform):.1f} s"
                    yield recovery_row(platform, kind)
                finally:
                    platform.run("destroy")
                    platform.lose_server()


def recovery_row(platform: BackedUp, kind: str) -> tuple[str, str, str]:
    platform.sql(LARGE, DATABASE)
    made = platform.program("backup", "full")
    assert made.ok, made.error
    time.sleep(1)
    moment = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%d %H:%M:%S")
    time.sleep(2)
    platform.archive()
    bare, ours = [], []
    for _ in range(ROUNDS):
        bare.append(own_restore_s(platform, f"{moment}+00"))
        ours.append(recovery_s(platform, moment))
    alone = statistics.median(bare)
    limit = f"{1.3 * alone + 15:.1f} s (1.3 x {alone:.1f} + 15)"
    return f"recovery of 1 GiB to a point in time, {kind}", limit, f"{statistics.median(ours):.1f} s"


if __name__ == "__main__":
    for line in rows():
        sys.stdout.write(" | ".join(line) + "\n")
        sys.stdout.flush()
