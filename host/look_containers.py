"""A stack's containers as Docker sees them now."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import docker_api
from .retire import PART, SERVICE, STACK
from .rules import SHARED

PARTS = ("app", "frontend", "electric")
"""What a service has. Its other containers belong to a step or to a recovery."""
TIMEOUT_S = 4
MB = 2**20
CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Names:
    """The kernel's names: of a container's whole memory, and of the files that it caches, which it can give back."""

    used: str
    cache: tuple[str, str]


GROUPS = {
    Names("memory.current", ("active_file", "inactive_file")): ("system.slice/docker-{}.scope", "docker/{}"),
    Names("memory.usage_in_bytes", ("total_active_file", "total_inactive_file")): (
        "memory/docker/{}",
        "memory/system.slice/docker-{}.scope",
    ),
}
"""A container's folders, by systemd or by Docker alone, of version 2 and of version 1 of control groups."""


def read(stack: str) -> list[dict[str, Any]]:
    """Returns all containers of the stack, running or not, by service and part. Raises `docker_api.NoAnswer`."""
    labels = f'{{"label": ["{STACK}={stack}"]}}'
    listed = docker_api.get("/containers/json", TIMEOUT_S, all="1", filters=labels)
    with ThreadPoolExecutor(8) as threads:
        containers = [each for each in threads.map(_describe, [each["Id"] for each in listed]) if each]
    return sorted(containers, key=lambda each: (each["service"], each["part"], each["started"]))


def is_lasting(container: dict[str, Any]) -> bool:
    """Whether a container is there to stay: it is none of a step, such as a migration, or of a recovery."""
    return container["service"] == SHARED or (bool(container["service"]) and container["part"] in PARTS)


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
        "memory_mb": _memory(container),
        "memory_limit_mb": round(found["HostConfig"]["Memory"] / MB) or None,
    }


def _memory(container: str) -> int | None:
    """Returns the memory that a container cannot give back, in MB. None: it does not run, or cannot be read.

    From the kernel's files: Docker needs a second for its answer.
    """
    for form, names in ((form, names) for names, forms in GROUPS.items() for form in forms):
        folder = CGROUPS / form.format(container)
        try:
            used = int((folder / names.used).read_text())
            stats = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        except (OSError, ValueError):
            continue
        return max(0, used - sum(int(stats.get(name, 0)) for name in names.cache)) // MB
    return None
