"""What is known of the files in each repository, and what is wrong with them."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from . import files_settings, health, last_test, state
from .files_settings import FileSettings
from .settings import Settings

LATE_S = 26 * 3600
"""Seconds that the newest snapshot, and the last restore test may be old."""
ANEW_S = 48 * 3600
"""Seconds for which a repository that had to be created again stays a problem."""
NEVER = {"at": "", "took_s": 0, "result": "never", "files": 0, "compared": 0, "error": ""}


def look(chosen: Settings, files: FileSettings, now: float) -> dict[str, Any]:
    """Returns the status, from what the turns have remembered."""
    memory = state.memory()
    seen = {place.setting: memory.get(place.setting) or {} for place in files.places}
    verify = last_test.read(NEVER)
    return {
        "at": state.iso(now),
        "repositories": {
            name: {
                "kind": chosen.repositories.get(name, ""),
                "volumes": {volume: each.get("volumes", {}).get(volume) or {} for volume in files_settings.volumes()},
                "error": each.get("error", ""),
            }
            for name, each in seen.items()
        },
        "verify": verify,
        "problems": [*_repositories(seen, now), *_verify(verify, memory, now)],
    }


def observe(chosen: Settings, files: FileSettings) -> None:
    """Writes the status, which the watch container reads."""
    state.write("status.json", look(chosen, files, time.time()))


def status(chosen: Settings, files: FileSettings) -> dict[str, Any]:
    """Returns the last status, and whether turns still run."""
    values = look(chosen, files, time.time())
    last = state.read("status.json").get("at")
    if not last or time.time() - state.seconds(last) > health.TURN_S:
        values["problems"].append(f"backup: the container of files has done nothing since {last or 'its start'}")
    return values


def _repositories(seen: Mapping[str, dict[str, Any]], now: float) -> Iterator[str]:
    for name, each in seen.items():
        if each.get("error"):
            yield f"{each['error']} (last tried at {state.iso(each['failed_at'])})"
        if each.get("anew_at") and now < each["anew_at"] + ANEW_S:
            yield (
                f"backup/{name}: its files were gone, and a new repository began at {state.iso(each['anew_at'])}: "
                "nothing from before can be restored from there"
            )
        for volume in files_settings.volumes():
            yield from _volume(f"backup/{name}: volume {volume}", each.get("volumes", {}).get(volume) or {}, now)


def _volume(subject: str, values: Mapping[str, Any], now: float) -> Iterator[str]:
    if values.get("error"):
        yield values["error"]
    if values.get("unreadable"):
        yield f"{subject}: its newest snapshot lacks what could not be read: {'; '.join(values['unreadable'])}"
    if values.get("lost_files"):
        yield (
            f"{subject}: is empty and had {values['lost_files']} files before; "
            "if that is a mistake, restore them: docs/backups.md"
        )
    if values.get("newest") and now - state.seconds(values["newest"]) > LATE_S:
        yield f"{subject}: its newest snapshot is of {values['newest']}, older than 26 hours"


def _verify(verify: Mapping[str, Any], memory: Mapping[str, Any], now: float) -> Iterator[str]:
    if verify["result"] == "bad":
        yield f"backup/verify: the restore test of files failed: {verify['error']}"
    first = memory.get("first_snapshot")
    last = state.seconds(verify["at"]) if verify["at"] else first
    if last and now - last > LATE_S:
        yield f"backup/verify: no files have been restored as a test since {state.iso(last)}"
