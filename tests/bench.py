"""`make bench`: measures the figures of the documentation on this machine. It stops the local platform.

Each line names the command that measures it.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import docker
from rich.console import Console
from rich.table import Table

from rehearsal.state import plain
from tests.doubles.recording import declare

from . import bench_backup, bench_deploy, bench_engine, bench_recovery, bench_restore
from .e2e.runner import has_engine
from .electric import bench as electric
from .electric import bench_release
from .hetzner import bench as far
from .load import releases
from .places import local

ROOT = Path(__file__).parents[1]
RUNS = 5
DECLARE = "from tests.doubles.recording import declare; declare('local')"


def seconds(command: list[str], folder: Path = ROOT) -> float:
    """Returns the wall time of a command, which must succeed."""
    begun = time.monotonic()
    subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return time.monotonic() - begun


def forget_images() -> None:
    """Removes our images, and the doubles with their data, so that the next start is a cold one."""
    subprocess.run([sys.executable, "-m", "rehearsal", "destroy", "--yes"], cwd=ROOT, check=False, capture_output=True)
    subprocess.run([sys.executable, "-c", "from local import doubles; doubles.purge()"], cwd=ROOT, check=True)
    client = docker.from_env()
    for _ in range(4):  # images that others are based on are removed after them
        for image in client.images.list(all=True):
            if not image.tags or any("sertantai/" in tag for tag in image.tags):
                with suppress(docker.errors.APIError):
                    client.images.remove(str(image.id), force=True)


def idle_memory() -> list[tuple[str, str]]:
    """Returns the memory of each container of the local platform, as Docker reports it."""
    client = docker.from_env()
    rows = []
    for container in client.containers.list(filters={"label": "sertantai.stack=local"}):
        used = dict(container.stats(stream=False))["memory_stats"]  # type: ignore[arg-type]
        rows.append((str(container.name), f"{(used['usage'] - used['stats'].get('inactive_file', 0)) / 2**20:.0f} MB"))
    return sorted(rows)


def longest_text() -> int:
    """Returns the length of the longest text of a step, in the local and the production stack."""
    return max(len(text) for stack in ("local", "prod") for text in step_texts(stack))


def step_texts(stack: str) -> list[str]:
    """Returns all texts of a stack's steps. A text that is unknown before there is a host is missing."""
    steps = [plain(each.inputs) for each in declare(stack) if each.type == "command:local:Command"]
    return [str(step[name]) for step in steps for name in ("create", "delete") if isinstance(step.get(name), str)]


def main() -> None:
    """Measures everything and prints one table."""
    table = Table("what", "limit", "measured", "command")
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder, "clone")
        subprocess.run(["make", "down", "YES=1"], cwd=ROOT, check=False, capture_output=True)
        forget_images()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        table.add_row("cold start of a fresh clone", "240 s", f"{seconds(['make', 'up'], clone):.0f} s", "make up")
        for command, limit in (("up", "4.5 s"), ("preview", "4 s")):
            median = statistics.median(seconds(["make", command], clone) for _ in range(RUNS))
            table.add_row(
                f"{command}, nothing to change, median of {RUNS}", limit, f"{median:.1f} s", f"make {command}"
            )
        subprocess.run(["make", "down"], cwd=clone, check=True, capture_output=True)
        table.add_row("from nothing running", "30 s", f"{seconds(['make', 'up'], clone):.0f} s", "make down && make up")
        program = [str(clone / ".venv/bin/python"), "-c", DECLARE]
        mocked = statistics.median(seconds(program, clone) for _ in range(RUNS))
        table.add_row("the program under mocks", "1.0 s", f"{mocked:.2f} s", f'python -c "{DECLARE}"')
        shown = statistics.median(seconds([sys.executable, "-m", "cli", "--help"]) for _ in range(RUNS))
        table.add_row("`./sertantai --help`", "0.3 s", f"{shown:.2f} s", "python -m tests.bench")
        table.add_row("longest text of a step", "400", f"{longest_text()} characters", "python -m tests.bench")
        for name, memory in idle_memory():
            table.add_row(f"idle memory of {name}", "", memory, "docker stats")
        target = electric.Target(
            stack="local", https_port=local()["nginx"]["https_port"], roots=clone / ".local/acme/roots.pem"
        )
        for what, limit, delay in (
            ("row inserted to event in the client, p50 / p99 of 1,000 rows", "250 ms (p99)", electric.latency(target)),
            ("the same, 500 clients at once; failed requests", "0 failed", electric.crowd(target)),
        ):
            figure = f"{delay.p50_ms:.0f} / {delay.p99_ms:.0f} ms; {delay.failures} failed"
            table.add_row(what, limit, figure, "python -m tests.electric.bench")
        subprocess.run(["make", "destroy", "YES=1"], cwd=clone, check=False, capture_output=True)
        shutil.rmtree(clone)
    for outcome in bench_release.measure():
        what = (
            f"the latest row during Electric's cut-over, one row each {outcome.pause_s} s; clients that fetched again"
        )
        figure = f"{outcome.latest_s:.1f} s; {outcome.refetches}; {outcome.wrong} with other rows than the table's"
        table.add_row(what, "2 s; 0", figure, "python -m tests.electric.bench_release")
    if has_engine():
        for what, limit, figure in bench_engine.rows():
            table.add_row(what, limit, figure, "python -m tests.bench_engine")
        for what, limit, figure in bench_deploy.rows():
            table.add_row(what, limit, figure, "python -m tests.bench_deploy")
    for what, limit, figure in bench_restore.every():
        table.add_row(what, limit, figure, "python -m tests.bench_restore")
    for what, limit, figure in bench_backup.rows():
        table.add_row(what, limit, figure, "python -m tests.bench_backup")
    for what, limit, figure in bench_recovery.rows():
        table.add_row(what, limit, figure, "python -m tests.bench_recovery")
    Console().print(table)
    releases.main()
    if has_engine() and os.geteuid() == 0:
        far.main()


if __name__ == "__main__":
    main()
