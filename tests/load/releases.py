"""Ten releases in a row under load. `python -m tests.load.releases` prints the table, and a manual deployment's."""

import argparse
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from local import images
from tests.e2e.platform import HTTPS, REGISTRY, Platform
from tests.e2e.runner import Engine, Rehearsal, has_engine

from .compose import Compose

RELEASES = 10
START_DELAY_S = 3
DRAIN_S = 10
QUIET_S = 10
HOST = "legal.localhost"


@dataclass
class Outcome:
    """The result of a load, and when the releases began, answered and ended, by `time.time()`."""

    who: str
    report: dict[str, Any] = field(default_factory=dict)
    releases: list[tuple[float, float, float]] = field(default_factory=list)
    nothing: tuple[float, float] | None = None
    """When an `up` with nothing to change began and ended under the same load."""
    lost: int = 0
    twice: int = 0

    @property
    def requests(self) -> int:
        return sum(map(len, self.report["answers"].values())) + self.failed

    @property
    def failed(self) -> int:
        return sum(map(len, self.report["failed"].values()))

    def p99(self, spans: Sequence[tuple[float, float]]) -> str:
        """Returns the durations of the plain GETs that began in these spans of time."""
        kinds = [answers for kind, answers in self.report["answers"].items() if kind.startswith("GET")]
        durations = [
            took for answers in kinds for begun, took in answers if any(start <= begun <= end for start, end in spans)
        ]
        return f"{statistics.quantiles(durations, n=100)[98] * 1000:.0f} ms"

    @property
    def quiet(self) -> tuple[float, float]:
        """The time before any change."""
        return 0, self.nothing[0] if self.nothing else self.releases[0][0]

    def gap(self) -> float:
        """The longest time without an answer to a plain request, in seconds."""
        ends = sorted(
            begun + took
            for kind, answers in self.report["answers"].items()
            if kind.startswith(("GET", "POST"))
            for begun, took in answers
        )
        return float(max(later - earlier for earlier, later in itertools.pairwise(ends)))


@contextmanager
def load(outcome: Outcome, port: int, roots: Path, *options: str) -> Iterator[None]:
    """Runs the load in the background; its report is in `outcome` afterwards."""
    command = [sys.executable, "-m", "tests.load.client", HOST, str(port), str(roots), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    time.sleep(QUIET_S)
    try:
        yield
        time.sleep(2)
    finally:
        process.send_signal(signal.SIGTERM)
        outcome.report = json.loads(process.communicate()[0] or "{}")


def answering(ask: Callable[[], httpx.Response], version: str) -> float:
    """Waits for the first answer of the version and returns its time."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            if ask().json() == {"version": version}:
                return time.time()
        except (httpx.HTTPError, ValueError):
            pass
        time.sleep(0.02)
    raise AssertionError(f"{version} never answered")


def begin(platform: Platform) -> "subprocess.Popen[str]":
    """Runs an `up` on the idle time of this machine: in production it runs on another one."""
    platform.write()
    process = platform.begin()
    os.sched_setscheduler(process.pid, os.SCHED_IDLE, os.sched_param(0))
    return process


def ours(platform: Platform, versions: Sequence[str]) -> Outcome:
    """Our releases, app of legal and auth together, after an `up` with nothing to change."""
    outcome = Outcome(f"up by the {platform.runner.name}")
    options = ("--calls", "auth", "--shape", "laws")
    with load(outcome, HTTPS, platform.acme / "roots.pem", *options), platform.client(HOST) as client:
        begun_at = time.time()
        assert platform.runner.ended(begin(platform)).ok
        outcome.nothing = begun_at, time.time()
        for version in versions:
            for service in ("legal", "auth"):
                platform.services[service]["app"]["image"] = image(platform, version)
            begun_at = time.time()
            process = begin(platform)
            first = answering(lambda: client.get("/api/version"), version)
            up = platform.runner.ended(process)
            assert up.ok, up.error
            outcome.releases.append((begun_at, first, time.time()))
    keys = platform.sql("SELECT key FROM items WHERE key LIKE 'load-%'", "sertantai_legal_local").split()
    count(outcome, keys)
    return outcome


def theirs(compose: Compose, versions: Sequence[str]) -> Outcome:
    """The manual deployments."""
    outcome = Outcome("docker-compose 1.29, the manual's way")
    with load(outcome, compose.port, compose.roots), compose.client(HOST) as client:
        for version in versions:
            begun_at = time.time()
            compose.release(version)
            outcome.releases.append((begun_at, answering(lambda: client.get("/api/version"), version), time.time()))
    count(outcome, compose.keys())
    return outcome


def count(outcome: Outcome, keys: Sequence[str]) -> None:
    """Counts the acknowledged POSTs that are missing, and those that exist more than once."""
    outcome.lost = len(set(outcome.report["posted"]) - set(keys))
    outcome.twice = len(keys) - len(set(keys))


def image(platform: Platform, version: str) -> str:
    """Returns the app's image of a version with a slow start-up."""
    registry = platform.config["sertantai:registry"]["username"], platform.config["sertantai:registry_token"]
    return images.build("app", version, REGISTRY, *registry, START_DELAY_S=str(START_DELAY_S))


def show(outcomes: Sequence[Outcome]) -> None:
    """Prints the table, and the errors."""
    table = Table("", *(outcome.who for outcome in outcomes), title=f"{RELEASES} releases at 200 requests/s")
    rows: list[tuple[str, Callable[[Outcome], str]]] = [
        ("requests", lambda one: str(one.requests)),
        ("failed", lambda one: str(one.failed)),
        ("POSTs lost / twice", lambda one: f"{one.lost} / {one.twice}"),
        ("longest gap", lambda one: f"{one.gap():.2f} s"),
        ("p99 before", lambda one: one.p99([one.quiet])),
        ("p99 with nothing to change", lambda one: one.p99([one.nothing]) if one.nothing else "-"),
        ("p99 during releases", lambda one: one.p99([(begun, end) for begun, _, end in one.releases])),
        ("up with nothing to change", lambda one: f"{one.nothing[1] - one.nothing[0]:.1f} s" if one.nothing else "-"),
        ("up to new version, median", lambda one: f"{statistics.median(f - b for b, f, _ in one.releases):.1f} s"),
        ("drain, median", lambda one: f"{statistics.median(e - f for _, f, e in one.releases):.1f} s"),
        ("websockets closed", lambda one: str(len(one.report["closed"]))),
    ]
    for name, value in rows:
        table.add_row(name, *(value(outcome) for outcome in outcomes))
    console = Console()
    console.print(table)
    console.print(f"the app's own start-up: {START_DELAY_S} s")
    for outcome in outcomes:
        for kind, failures in outcome.report["failed"].items():
            console.print(f"{outcome.who}: {kind}: {len(failures)} failed, such as {failures[0]}", markup=False)


def main(arguments: Sequence[str] = ()) -> None:
    """Measures and prints both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--by", choices=["engine", "rehearsal"], default="engine" if has_engine() else "rehearsal")
    parser.add_argument("--alone", action="store_true", help="without the manual's way")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "platform")
        folder.mkdir()
        platform = Platform(folder, Engine if given.by == "engine" else Rehearsal)
        for service in ("legal", "auth"):
            platform.services[service]["app"] |= {"drain_s": DRAIN_S}
        first = platform.up()
        assert first.ok, first.error
        versions = [f"r{number}" for number in range(RELEASES)]
        for version in versions:
            image(platform, version)
        outcome = ours(platform, versions)
        outcomes = [outcome]
        show(outcomes)
        platform.reset()
        platform.run("down")
        if not given.alone and Compose.possible():
            with Compose(Path(name, "compose"), REGISTRY) as compose:
                outcomes.append(theirs(compose, versions))
            show(outcomes)
        platform.run("destroy")


if __name__ == "__main__":
    main(sys.argv[1:])
