"""The last restore test of the container: of databases in the one, of files in the other."""

from collections.abc import Mapping
from typing import Any

from . import schedule, state


def read(never: Mapping[str, Any]) -> dict[str, Any]:
    """Returns its result; `never` is that of none. One that was interrupted is bad."""
    last = {**never, **state.read("verify.json")}
    if last["result"] == "running" and not state.is_busy():
        last |= {"result": "bad", "error": "it was interrupted; it runs again within an hour"}
    return last


def is_due(verify: str, now: float, *, first_backup: float | None) -> bool:
    """Whether the next one is due: each day from the first backup on, and an hour after a failure."""
    last = state.read("verify.json")
    at = state.seconds(last["at"]) if last.get("at") else None
    return schedule.due_verify(verify, now, last=at, first_backup=first_backup, good=last.get("result") == "good")
