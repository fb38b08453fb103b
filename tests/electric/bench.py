"""How fast a committed row reaches Electric's client through the gateway, and how many clients it serves at once.

Limited in number and time, on this machine alone: `python -m tests.electric.bench` with the local stack running.
"""

import argparse
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from tests.places import local

from .client import Client, install

ROOT = Path(__file__).parents[2]
ROWS, PAUSE_S = 1000, 0.01
# Long enough for every long poll (20 s) to end and another to follow.
CLIENTS, CROWD_ROWS, CROWD_PAUSE_S = 500, 10, 3.0
INSERT = """
DO $$ BEGIN FOR i IN 1..{rows} LOOP
    INSERT INTO uk_lrt (name, created_at) VALUES ('{name} ' || i, clock_timestamp()); COMMIT; PERFORM pg_sleep({pause});
END LOOP; END $$
"""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A running platform whose service `legal` has public shapes."""

    stack: str
    https_port: int
    roots: Path

    def client(self, streams: int) -> Client:
        """Streams of the public shape, all up to date."""
        client = Client(f"https://legal.localhost:{self.https_port}/electric/laws", self.roots, {}, streams)
        client.wait("up to date", lambda one: one.current, 60)
        return client

    def sql(self, statement: str) -> None:
        """Runs it in the service's database."""
        psql = ["psql", "-X", "-q", "-U", "postgres", "-d", "sertantai_legal_local", "-c", statement]
        subprocess.run(["docker", "exec", f"sertantai-{self.stack}-postgres", *psql], check=True, capture_output=True)


@dataclass(frozen=True, kw_only=True)
class Delay:
    """Delays from a row's commit to its event, over all rows and clients. Failures are answers except 200 and 409."""

    p50_ms: float
    p99_ms: float
    events: int
    failures: int


def latency(target: Target) -> Delay:
    """One client, many rows, each in its own transaction."""
    return _measure(target, 1, ROWS, PAUSE_S)


def crowd(target: Target) -> Delay:
    """Many clients of one shape. Each must receive every row."""
    return _measure(target, CLIENTS, CROWD_ROWS, CROWD_PAUSE_S)


def _measure(target: Target, streams: int, rows: int, pause_s: float) -> Delay:
    install()
    name = f"bench {uuid.uuid4()}"
    with target.client(streams) as client:
        before = len(client.followers[0].rows)
        target.sql(INSERT.format(name=name, rows=rows, pause=pause_s))
        client.wait("all rows", lambda one: len(one.rows) == before + rows, 60)
        target.sql(f"DELETE FROM uk_lrt WHERE name LIKE '{name} %'")
        client.wait("all rows deleted", lambda one: len(one.rows) == before, 60)
        followers = client.followers
    faults = [fault for one in followers for fault in [*one.faults, *one.errors]]
    assert not faults, faults[:3]
    delays = [late_s * 1000 for one in followers for late_s in one.late_s(name)]
    cuts = quantiles(delays, n=100)
    failures = sum(request["status"] not in (200, 409) for one in followers for request in one.requests)
    return Delay(p50_ms=cuts[49], p99_ms=cuts[98], events=len(delays), failures=failures)


def main() -> None:
    """Prints both figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default="local")
    parser.add_argument("--port", type=int, default=local()["nginx"]["https_port"])
    parser.add_argument("--roots", type=Path, default=ROOT / ".local/acme/roots.pem")
    given = parser.parse_args()
    target = Target(stack=given.stack, https_port=given.port, roots=given.roots)
    print(f"one client: {latency(target)}")  # noqa: T201  a command's answer
    print(f"{CLIENTS} clients: {crowd(target)}")  # noqa: T201  a command's answer


if __name__ == "__main__":
    main()
