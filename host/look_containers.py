"""A stack's containers as Docker sees them now."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import docker_api

STACK, SERVICE, PART = "sertantai.stack", "sertantai.service", "sertantai.part"
TIMEOUT_S = 4
MB = 2**20
FILE_CACHE = (("total_active_file", "total_inactive_file"), ("active_file", "inactive_file"))
"""What the kernel takes back when a container needs memory: in version 1 of control groups, and in version 2."""


def read(stack: str) -> list[dict[str, Any]]:
    """Returns all containers of the stack, running or not, by service and part. Raises `docker_api.NoAnswer`."""
    labels = f'{{"label": ["{STACK}={stack}"]}}'
    listed = docker_api.get("/containers/json", TIMEOUT_S, all="1", filters=labels)
    with ThreadPoolExecutor(8) as threads:
        containers = [each for each in threads.map(_describe, [each["Id"] for each in listed]) if each]
    return sorted(containers, key=lambda each: (each["service"], each["part"], each["started"]))


def root() -> str:
    """Returns the folder of Docker's own data."""
    return str(docker_api.get("/info", TIMEOUT_S)["DockerRootDir"])


def running(names: list[str]) -> list[str]:
    """Returns those of the containers that run. They may be of any stack, or of none."""
    listed = docker_api.get("/containers/json", TIMEOUT_S)
    found = {name.removeprefix("/") for each in listed for name in each["Names"]}
    return [name for name in names if name in found]


def _describe(container: str) -> dict[str, Any] | None:
    """Returns what is shown of a container. None: it has gone since it was listed."""
    try:
        found = docker_api.get(f"/containers/{container}/json", TIMEOUT_S)
    except docker_api.NoAnswer as error:
        if str(error).startswith("404"):
            return None
        raise
    state, labels = found["State"], found["Config"]["Labels"]
    image, _, digest = found["Config"]["Image"].partition("@")
    return {
        "name": found["Name"].removeprefix("/"),
        "service": labels.get(SERVICE, ""),
        "part": labels.get(PART, ""),
        "state": state["Status"],
        "health": (state.get("Health") or {}).get("Status", ""),
        "exit_code": state["ExitCode"],
        "out_of_memory": state["OOMKilled"],
        "restarts": found["RestartCount"],
        "started": state["StartedAt"][:19] + "Z",
        "image": image,
        "digest": digest,
        "memory_mb": _memory(container) if state["Status"] == "running" else None,
        "memory_limit_mb": round(found["HostConfig"]["Memory"] / MB) or None,
    }


def _memory(container: str) -> int | None:
    """Returns the memory that a container cannot give back. None: it has just stopped."""
    try:
        # Without one-shot, Docker would wait a second for a second reading.
        usage = docker_api.get(f"/containers/{container}/stats", TIMEOUT_S, stream="false", **{"one-shot": "true"})
    except docker_api.NoAnswer:
        return None
    memory: Mapping[str, Any] = usage.get("memory_stats") or {}
    if "usage" not in memory:
        return None
    stats = memory["stats"]
    names = next((names for names in FILE_CACHE if all(name in stats for name in names)), ())
    return int(max(0, memory["usage"] - sum(stats[name] for name in names)) // MB)
