"""Ten services over SSH: `python -m tests.hetzner.bench` times the first `up` and one without changes."""

import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from rich.console import Console

from components.machine.host_program import COMMAND
from render import verb

from .booted import SERVER
from .far import Far, reached
from .stack import Outside

TIMES = 5


def took(far: Far) -> tuple[float, int]:
    """Returns the seconds and connections of an `up`."""
    before, begun = far.reach.machines.connections(SERVER), time.monotonic()
    done = far.project.up()
    assert done.ok, done.text
    return time.monotonic() - begun, far.reach.machines.connections(SERVER) - before


def gate_s(far: Far) -> float:
    """Returns the seconds of a gate over SSH, without its checks and pauses: it checks once, and that takes no time."""
    line = verb.line("gate", "legal/app", f"sertantai-{far.project.stack}-nginx", port=80, successes=1, timeout=10)
    config = ["ssh", "-F", f".sertantai/{far.project.stack}/ssh/config", f"sertantai-{far.project.stack}"]
    begun = time.monotonic()
    subprocess.run(
        [*config, f"{COMMAND} {line}"],
        input=verb.stdin({"check": ["true"]}),
        cwd=far.project.folder,
        check=True,
        text=True,
        capture_output=True,
    )
    return time.monotonic() - begun


def status_s(far: Far) -> float:
    """Returns the seconds of the whole command `status`, which finds nothing wrong."""
    begun = time.monotonic()
    done = far.project.cli("status")
    assert done.ok, done.text
    return time.monotonic() - begun


def main() -> None:
    """Measures and prints."""
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        for part in ("far", "keys"):
            Path(name, part).mkdir()
        with reached(Path(name, "far"), Path(name, "keys"), Outside()) as far:
            seconds, connections = took(far)
            console.print(f"ten services over SSH, first up: {seconds:.1f} s, {connections} connections")
            runs = [took(far) for _ in range(TIMES)]
            seconds, most = statistics.median(each for each, _ in runs), max(each for _, each in runs)
            console.print(f"with nothing to change (limit 10 s, 4 connections): {seconds:.1f} s, {most} connections")
            status = statistics.median(status_s(far) for _ in range(TIMES))
            console.print(f"status of ten services (limit 2 s): {status:.2f} s")
            gate = statistics.median(gate_s(far) for _ in range(TIMES))
            console.print(f"a gate without its checks and pauses (limit 0.3 s): {gate:.2f} s")


if __name__ == "__main__":
    main()
