"""Leaves out of a look what a release or a person does on purpose, so that it alarms nobody. `status` shows it."""

from collections.abc import Mapping, Sequence
from typing import Any

from .rules import RESTARTS, SHARED

BACKUPS = ("backup", "backup-files")
WATCH = "watch"


def without(seen: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the look without that: what must run is what the gateway leads to.

    It lacks services that show their notice, old containers that drain, new ones that start, and parts that `up` is
    about to add or remove. And the watch container itself: it looks, so it is there.
    """
    noticed, declared = {*seen["maintenance"]}, seen["declared"]
    containers = [_container(each) for each in seen["containers"] if _matters(each, noticed)]
    serving = {name: servers for name, servers in seen["serving"].items() if name.rpartition("-")[0] not in noticed}
    services = {name: _declared(name, each, containers) for name, each in declared.get("services", {}).items()}
    platform = {name: image for name, image in declared.get("platform", {}).items() if name != WATCH}
    needed = {**declared, "services": services, "platform": platform}
    return {**seen, "containers": containers, "serving": serving, "declared": needed}


def _matters(container: Mapping[str, Any], noticed: set[str]) -> bool:
    if container["service"] == SHARED:
        return bool(container["part"] != WATCH)
    # With a new container that restarts again and again, a release is no longer in progress: its gate has failed.
    is_restarting = container["state"] == "restarting" or container["restarts"] >= RESTARTS
    # Without the gateway's answer, nobody knows which container serves: nothing new is told of any.
    return container["service"] not in noticed and bool(container["serves"] or is_restarting)


def _container(container: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a container. One of the backups is unhealthy for its own problems alone, which say more."""
    return {**container, "health": ""} if container["part"] in BACKUPS else {**container}


def _declared(name: str, service: Mapping[str, Any], containers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns what a service declares, with its slot only while the serving Electric runs."""
    electrics = [each for each in containers if (each["service"], each["part"]) == (name, "electric")]
    runs = any(each["serves"] and each["state"] in ("running", "restarting") for each in electrics)
    return {key: value for key, value in service.items() if key != "slot" or runs} | {"parts": {}}
