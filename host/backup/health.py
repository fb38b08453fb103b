"""The container's health, from the file that the last turn wrote."""

import time
from typing import Any

from ..failure import Failure
from . import places, state

TURN_S = 300


def check(now: float | None = None) -> None:
    """Raises a `Failure` if anything is wrong, or if no turn has run for five minutes."""
    now = time.time() if now is None else now
    status = written(now)
    if not status:
        if now - _started() > TURN_S:
            raise Failure("backup: no turn has run yet")
        return
    if status["problems"]:
        raise Failure("\n".join(status["problems"]))


def written(now: float | None = None) -> dict[str, Any]:
    """Returns the status that the last turn wrote; it is a problem if that is old. Empty before the first turn."""
    now = time.time() if now is None else now
    status = state.read("status.json")
    if status and not -TURN_S < now - state.seconds(status["at"]) < TURN_S:
        status["problems"] = [f"backup: no turn has run since {status['at']}"]
    return status


def _started() -> float:
    """Returns when the state's folder was last changed, which is when the container was made."""
    return places.STATE.stat().st_mtime
