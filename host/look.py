"""Looks at everything of a stack on its host, within about a second: what `status` shows and `watch` watches.

Nothing that is down makes it fail or wait for long: what cannot be read is in `unreadable`, by the part.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

from . import backup_status, docker, docker_api, look_containers, look_gateway, look_postgres, rules
from .failure import Failure
from .recovery import Names
from .times import iso

DISKS = ("/", "/mnt/sertantai")
"""Folders on the disks that fill: the system's, and the one for data. Docker's own is asked for."""
DOCKER_ROOT = "/var/lib/docker"
NO_DOCKER = "Docker does not answer: systemctl status docker"
MEMORY = Path("/proc/meminfo")
TIMEOUT_S, LIMIT_S = 4, 6
MB, KB_IN_MB = 2**20, 1024
NO_GATEWAY: dict[str, Any] = {
    "sites": [], "serving": {}, "certificates": {}, "placeholders": [], "maintenance": []
}  # fmt: skip
NO_POSTGRES: dict[str, Any] = {
    "slots": [], "databases": [], "connections": {}, "slot_limit_mb": -1, "released": {}, "releases": {}
}  # fmt: skip


def look(stack: str, declared: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what is seen, with the problems. `declared` is what the stack file declares: render/declared.py."""
    results, unreadable = _read(_readers(stack, declared))
    seen = {
        "time": iso(time.time()),
        **_of_docker(results),
        **{name: results.get("postgres", {}).get(name, empty) for name, empty in NO_POSTGRES.items()},
        "backup": _backup(results),
        "watch": results.get("watch"),
        "disk": disks([*DISKS, results.get("root", DOCKER_ROOT)]),
        "memory": memory(MEMORY.read_text()),
        "stopped": [f"{name}/{part}" for name, each in _services(declared) for part in each.get("stopped", ())],
        "unreadable": unreadable,
        "declared": dict(declared),
    }
    return seen | {"problems": [asdict(problem) for problem in rules.problems(seen)]}


def _readers(stack: str, declared: Mapping[str, Any]) -> dict[str, Callable[[], Any]]:
    """Returns the functions that read, by what they read."""
    names = Names(stack)
    foreign = [site["container"] for site in declared.get("sites", {}).values()]
    sites = {**declared.get("services", {}), **declared.get("sites", {})}
    hosts = {site: [*each.get("hosts", ()), *each.get("names", ())] for site, each in sites.items()}
    readers: dict[str, Callable[[], Any]] = {
        "docker": lambda: look_containers.read(stack),
        "foreign": lambda: look_containers.running(foreign) if foreign else [],
        "root": look_containers.root,
        "nginx": lambda: look_gateway.read(names.of("nginx")),
        "log": lambda: look_gateway.errors(names.of("nginx"), hosts),
        "postgres": lambda: look_postgres.read(names.of("postgres")),
    }
    if "backup" in declared.get("platform", {}):
        ask = partial(backup_status.read, timeout_s=TIMEOUT_S)  # without, each look leaves a `docker` if Docker hangs
        readers["backup"] = lambda: ask(names.of("backup"), "status", "--written")
        readers["backup-files"] = lambda: ask(names.of("backup-files"), "files-status")
    if "watch" in declared.get("platform", {}):
        readers["watch"] = lambda: _watch(names.of("watch"))
    return readers


def _watch(container: str) -> dict[str, Any] | None:
    """Returns what the watch container has written at its last look. None: it has not looked yet."""
    files = ("/tmp/status.json", "/state/status.json")  # noqa: S108 - it writes to memory while the disk is full
    cat = ["sh", "-c", 'cat "$1" 2>/dev/null || cat "$2"', "cat", *files]
    result = docker.execute(container, cat, timeout_s=TIMEOUT_S)
    if result.code == docker.TIMED_OUT:
        raise docker.TooSlow(result.error)
    return dict(json.loads(result.out)) if result.code == 0 else None


def _read(readers: Mapping[str, Callable[[], Any]]) -> tuple[dict[str, Any], dict[str, str]]:
    """Returns the results by reader, and the reasons of those that failed or were too slow."""
    results: dict[str, Any] = {}
    unreadable: dict[str, str] = {}

    def run(name: str, read: Callable[[], Any]) -> None:
        try:
            results[name] = read()
        except docker_api.NoAnswer:
            unreadable["docker"] = NO_DOCKER
        except Failure as failure:
            is_docker = str(failure) == docker.NO_ANSWER
            unreadable["docker" if is_docker else name] = NO_DOCKER if is_docker else str(failure)

    # Daemons: this program ends also if Docker keeps one of them waiting for good.
    threads = {each[0]: Thread(target=run, args=each, daemon=True) for each in readers.items()}
    end = time.monotonic() + LIMIT_S
    for thread in threads.values():
        thread.start()
    for name, thread in threads.items():
        thread.join(max(0.0, end - time.monotonic()))
        if thread.is_alive():
            unreadable[name] = f"no answer within {LIMIT_S} s"
        elif name not in results:
            unreadable.setdefault(name, "gives no answer that can be read")
    # Without Docker nothing else can be read either, and one line says so.
    return dict(results), {"docker": unreadable["docker"]} if "docker" in unreadable else dict(unreadable)


def _of_docker(results: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what is seen of containers and of the gateway. What could not be read is empty."""
    gateway = results.get("nginx", {})
    serving = {name for servers in gateway.get("serving", {}).values() for name in servers}
    is_known = "nginx" in results
    every = results.get("docker", [])
    containers = [each for each in every if look_containers.is_lasting(each)]
    passing = [each for each in every if not look_containers.is_lasting(each) and each["state"] == "running"]
    return {
        "containers": [{**each, "serves": each["name"] in serving if is_known else None} for each in containers],
        "passing": ["/".join(filter(None, (each["service"], each["part"]))) for each in passing],
        "foreign": results.get("foreign", []),
        **{name: gateway.get(name, empty) for name, empty in NO_GATEWAY.items()},
        "drifted": [*gateway.get("changed", []), *results.get("postgres", {}).get("drifted", [])],
        "errors_5xx": results.get("log", {}),
    }


def _backup(results: Mapping[str, Any]) -> dict[str, Any] | None:
    status, files = results.get("backup"), results.get("backup-files")
    return backup_status.add_files(status, files) if status and files and status.get("exists", True) else status


def _services(declared: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    services: Mapping[str, Mapping[str, Any]] = declared.get("services", {})
    return services.items()


def disks(folders: list[str]) -> list[dict[str, Any]]:
    """Returns size and free space of the disks that the folders are on, each disk once."""
    found: dict[int, dict[str, Any]] = {}
    for folder in folders:
        try:
            device, space = os.stat(folder).st_dev, os.statvfs(folder)
        except OSError:
            continue  # there is no such folder, as the disk for data on an existing machine
        sizes = {"size_mb": space.f_blocks, "free_mb": space.f_bavail}
        found.setdefault(
            device, {"path": folder, **{name: blocks * space.f_frsize // MB for name, blocks in sizes.items()}}
        )
    return list(found.values())


def memory(text: str) -> dict[str, int]:
    """Returns the machine's memory. What the kernel can take back is available."""
    lines = {name: int(words.split()[0]) for name, _, words in (line.partition(":") for line in text.splitlines())}
    return {"total_mb": lines["MemTotal"] // KB_IN_MB, "available_mb": lines["MemAvailable"] // KB_IN_MB}
