"""How late rows are while a release changes Electric's container: `python -m tests.electric.bench_release`.

It starts its own platform, next to the local stack. Electric's client retries as it does by default. E2E_ELECTRIC_IMAGE
names a real Electric.
"""

import tempfile
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.laws import LEGAL, PUBLIC, table
from tests.e2e.platform import Platform
from tests.e2e.runner import Rehearsal

from .bench import INSERT
from .client import Client, install

RELEASES, STREAMS = 3, 20
PAUSES_S = (0.02, 2.0)
"""Between two rows: polls that end at once, and polls that are open when the old Electric ends."""
PATIENCE = {"initialDelay": 1000, "maxDelay": 32000, "multiplier": 2}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the clients of one shape saw of its Electric's releases."""

    pause_s: float
    latest_s: float
    refetches: int
    refused: int
    """Answers except 200 and 204."""
    events: int
    wrong: int
    """Clients that do not have exactly the table's rows, each once."""


def measure() -> list[Outcome]:
    """Several releases in a row while rows are inserted, for each of the pauses."""
    install()
    with tempfile.TemporaryDirectory() as name:
        platform = Platform(Path(name), Rehearsal)
        try:
            first = platform.up()
            assert first.ok, first.why
            return [_released(platform, pause_s) for pause_s in PAUSES_S]
        finally:
            platform.reset()
            platform.run("destroy")


def _released(platform: Platform, pause_s: float) -> Outcome:
    word, over = f"bench {uuid.uuid4()}", threading.Event()
    electric = platform.services["legal"]["electric"]
    with Client(PUBLIC, platform.acme / "roots.pem", {}, STREAMS, backoffOptions=PATIENCE) as client:
        client.wait("up to date", lambda one: one.current, 60)

        def insert() -> None:
            number = 0
            while not over.is_set():
                number += 1
                rows = max(1, round(1 / pause_s))
                platform.sql(INSERT.format(name=f"{word} {number}", rows=rows, pause=pause_s), LEGAL)

        inserting = threading.Thread(target=insert)
        inserting.start()
        try:
            for _ in range(RELEASES):
                electric["restart_generation"] = electric.get("restart_generation", 0) + 1
                up = platform.up()
                assert up.ok, up.why
        finally:
            over.set()
            inserting.join()
        rows = table(platform)
        client.wait("all rows", lambda one: len(one.rows) >= len(rows), 60)
        followers = client.followers
    late_s = [late for one in followers for late in one.late_s(word)]
    return Outcome(
        pause_s=pause_s,
        latest_s=max(late_s),
        refetches=sum(one.refetches for one in followers),
        refused=sum(request["status"] not in (200, 204) for one in followers for request in one.requests),
        events=len(late_s),
        wrong=sum(
            bool(one.faults or one.errors) or {(row["id"], row["name"]) for row in one.rows.values()} != rows
            for one in followers
        ),
    )


if __name__ == "__main__":
    for outcome in measure():
        print(outcome)  # noqa: T201  a command's answer
