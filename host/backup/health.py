"""The container's health, from the file that the last turn wrote."""

import time

from ..failure import Failure
from . import places, state

TURN_S = 300


def check(now: float | None = None) -> None:
    """Raises a `Failure` if anything is wrong, or if no turn has run for five minutes."""
    now = time.time() if now is None else now
    status = state.read("status.json")
    if not status:
        if now - _started() > TURN_S:
            raise Failure("backup: no turn has run yet")
        return
    if not -TURN_S < now - state.seconds(status["at"]) < TURN_S:
        raise Failure(f"backup: no turn has run since {status['at']}")
    if status["problems"]:
        raise Failure("\n".join(status["problems"]))


def _started() -> float:
    """Returns when the state's folder was last changed, which is when the container was made."""
    return places.STATE.stat().st_mtime
