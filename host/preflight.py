"""preflight: what a release needs, asked before its first change; everything that is missing, together.

Safe to run again: it only asks, and notes the images that are being released.
"""

import argparse
import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import docker, files, psql, slots
from .failure import Failure
from .gateway import Gateway, site
from .retire import PART, SERVICE, STACK

DISK_MB = 512
MB = 2**20
TOOL_TIMEOUT_S = 30
NO_SUCH_PROGRAM = (126, 127)
"""Docker's own exit codes. Any other is the program's: that it fails does not matter."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("--memory", type=int, required=True, help="MB that the new containers may take")
    parser.add_argument("--gateway", required=True, help="nginx's container")
    parser.add_argument("--postgres", required=True, help="its container")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Stdin: `images` and `tools` by part, `site`, its text, and `slot`, which Electric is to have."""
    needs = Needs(
        stack=given.stack,
        service=given.service,
        images=told["images"],
        tools=told["tools"],
        memory_mb=given.memory,
        gateway=Gateway(given.gateway),
        postgres=psql.Postgres(given.postgres),
        site=told["site"],
        slot=told.get("slot") or {},
    )
    with slots.after_restore(given.stack, given.service):
        if problems := needs.problems():
            last = f"{given.service}: nothing of it was changed; mend this and run up again"
            raise Failure("\n".join([*problems, last]))


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What one release needs: each check yields what is missing."""

    stack: str
    service: str
    images: Mapping[str, str]
    tools: Mapping[str, str]
    memory_mb: int
    gateway: Gateway
    postgres: psql.Postgres
    site: str
    slot: Mapping[str, str]

    def problems(self) -> list[str]:
        """All that is missing, once each."""
        checks: list[Callable[[], Iterator[str]]] = [
            self.machine,
            *(lambda part=part: self.tool(part) for part in self.images),
            self.disk,
            self.memory,
            self.database,
            self.gateway_takes_site,
        ]
        with ThreadPoolExecutor(len(checks)) as pool:
            return list(dict.fromkeys(line for lines in pool.map(_all, checks) for line in lines))

    def machine(self) -> Iterator[str]:
        """Images are made for one kind of machine."""
        host = docker.ask("version", "-f", "{{.Server.Os}}/{{.Server.Arch}}").strip()
        for part, image in self.images.items():
            path = f"services/{self.service}/{part}/image"
            try:
                kind = docker.ask("image", "inspect", "-f", "{{.Os}}/{{.Architecture}}", image).strip()
            except docker.NotFound:
                yield f"{path}: {image} is not on the host any more; run up again"
                continue
            if kind != host:
                yield f"{path}: is made for {kind} and this host is {host}: build it with --platform {host}"

    def tool(self, part: str) -> Iterator[str]:
        """The program that the health check runs is in the image."""
        image, tool = self.images[part], self.tools[part]
        # Trying takes a container's start: a healthy container of the same image that is asked with it will do.
        if _is_asked(image, tool):
            return
        name = f"sertantai-{self.stack}-{self.service}-tool-{secrets.token_hex(4)}"
        labels = {STACK: self.stack, SERVICE: self.service, PART: "tool"}
        done = docker.run(
            *("run", "--rm", "--pull", "never", "--name", name, "--network", "none", "--memory", "64m"),
            *(word for key, value in labels.items() for word in ("--label", f"{key}={value}")),
            *("--entrypoint", tool, image, "--version"),
            timeout_s=TOOL_TIMEOUT_S,
        )
        if done.code == docker.TIMED_OUT:
            docker.remove(name)
        if done.code in NO_SUCH_PROGRAM:
            path = f"services/{self.service}/{part}/health/tool"
            yield f"{path}: the image has no {tool}: choose the tool that it has, or add it to the image"

    def disk(self) -> Iterator[str]:
        """Room for logs and layers of the new containers."""
        root = docker.ask("info", "-f", "{{.DockerRootDir}}").strip()
        try:
            free = shutil.disk_usage(root).free // MB
        except OSError as error:
            yield f"{self.service}: the disk of Docker's folder {root} cannot be seen: {error.strerror}"
            return
        if free < DISK_MB:
            yield (
                f"{self.service}: {free} MB of disk are free on the host and a release needs {DISK_MB}: "
                "make room (docker builder prune, old logs)"
            )

    def memory(self) -> Iterator[str]:
        """Old and new containers run side by side for a while."""
        free = available_mb(Path("/proc/meminfo").read_text())
        if free < self.memory_mb:
            yield (
                f"{self.service}: {free} MB of memory are free on the host; its new containers may take "
                f"{self.memory_mb} beside the old: lower memory_mb or take a larger server"
            )

    def database(self) -> Iterator[str]:
        """A replication slot is one for the whole cluster."""
        told = {
            "service": self.service,
            "images": json.dumps(self.images),
            "path": f"services/{self.service}/electric/stream_id",
            **{name: self.slot.get(name, "") for name in ("slot", "database", "group")},
        }
        try:
            text = f"{files.sql('releases')}{files.sql('preflight')}"
            yield from self.postgres.ask(text, told, alone=True).splitlines()
        except psql.Unreachable:
            yield f"{self.service}: PostgreSQL does not answer: see docker logs {self.postgres.container}"
        except psql.SqlError as error:
            yield str(psql.failed(self.service, error))

    def gateway_takes_site(self) -> Iterator[str]:
        """The site's text is right together with all the others."""
        if refusal := self.gateway.refusal(site(self.service), self.site):
            yield f"{self.service}/site: nginx refuses its text:\n{refusal}"


def available_mb(meminfo: str) -> int:
    """The memory that the kernel takes for available, by the text of /proc/meminfo."""
    return next(int(line.split()[1]) // 1024 for line in meminfo.splitlines() if line.startswith("MemAvailable:"))


def _all(check: Callable[[], Iterator[str]]) -> list[str]:
    try:
        return list(check())
    except Failure as failure:
        return [str(failure)]


def _is_asked(image: str, tool: str) -> bool:
    """Whether a healthy container of the image is asked with the tool."""
    healthy = docker.ask("ps", "-q", "--filter", f"ancestor={image}", "--filter", "health=healthy").split()
    return any(docker.inspect(container)["Config"]["Healthcheck"]["Test"][1] == tool for container in healthy)
