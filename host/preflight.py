"""preflight: check what a release needs before its first change, and report everything that is missing.

Safe to run again: it only records the release's images.
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
from .gateway import Gateway, site_file
from .retire import PART, SERVICE, STACK

DISK_MB = 512
MB = 2**20
TOOL_TIMEOUT_S = 30
NO_SUCH_PROGRAM = (126, 127)
"""Docker's own exit codes. Any other exit code is the program's and means that it exists."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("--memory", type=int, required=True, help="MB that the new containers may use")
    parser.add_argument("--gateway", required=True, help="nginx's container")
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `images` and `tools` by part; `site`, the site's text; `slot`, Electric's replication slot."""
    checks = Preflight(
        stack=args.stack,
        service=args.service,
        images=inputs["images"],
        tools=inputs["tools"],
        memory_mb=args.memory,
        gateway=Gateway(args.gateway),
        postgres=psql.Postgres(args.postgres),
        site=inputs["site"],
        slot=inputs.get("slot") or {},
    )
    with slots.wait_for_restore(args.stack, args.service):
        if problems := checks.problems():
            advice = f"{args.service}: nothing was changed; fix this and run up again"
            raise Failure("\n".join([*problems, advice]))


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """The checks of one release. Each yields what is missing."""

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
        """Returns everything that is missing, without repetitions."""
        checks: list[Callable[[], Iterator[str]]] = [
            self.machine,
            *(lambda part=part: self.tool(part) for part in self.images),
            self.disk,
            self.memory,
            self.database,
            self.gateway_accepts_site,
        ]
        with ThreadPoolExecutor(len(checks)) as pool:
            return list(dict.fromkeys(line for lines in pool.map(_collect, checks) for line in lines))

    def machine(self) -> Iterator[str]:
        """Yields images that are missing, or built for another kind of machine."""
        host = docker.check_output("version", "-f", "{{.Server.Os}}/{{.Server.Arch}}").strip()
        for part, image in self.images.items():
            path = f"services/{self.service}/{part}/image"
            try:
                kind = docker.check_output("image", "inspect", "-f", "{{.Os}}/{{.Architecture}}", image).strip()
            except docker.NotFound:
                yield f"{path}: {image} is no longer on the host; run up again"
                continue
            if kind != host:
                yield f"{path}: is made for {kind} and this host is {host}: build it with --platform {host}"

    def tool(self, part: str) -> Iterator[str]:
        """Yields a health check's program that is not in the image."""
        image, tool = self.images[part], self.tools[part]
        # A healthy container of the same image proves it too, and is faster than to start a container.
        if _is_checked_with(image, tool):
            return
        name = f"sertantai-{self.stack}-{self.service}-tool-{secrets.token_hex(4)}"
        labels = {STACK: self.stack, SERVICE: self.service, PART: "tool"}
        result = docker.run(
            *("run", "--rm", "--pull", "never", "--name", name, "--network", "none", "--memory", "64m"),
            *(word for key, value in labels.items() for word in ("--label", f"{key}={value}")),
            *("--entrypoint", tool, image, "--version"),
            timeout_s=TOOL_TIMEOUT_S,
        )
        if result.code == docker.TIMED_OUT:
            docker.remove(name)
        if result.code in NO_SUCH_PROGRAM:
            path = f"services/{self.service}/{part}/health/tool"
            yield f"{path}: the image has no {tool}: choose the tool that it has, or add it to the image"

    def disk(self) -> Iterator[str]:
        """Yields too little disk for logs and layers of the new containers."""
        root = docker.check_output("info", "-f", "{{.DockerRootDir}}").strip()
        try:
            free = shutil.disk_usage(root).free // MB
        except OSError as error:
            yield f"{self.service}: the disk of Docker's folder {root} cannot be read: {error.strerror}"
            return
        if free < DISK_MB:
            yield (
                f"{self.service}: {free} MB of disk are free on the host and a release needs {DISK_MB}: "
                "make room (docker builder prune, old logs)"
            )

    def memory(self) -> Iterator[str]:
        """Yields too little memory for old and new containers side by side."""
        free = available_mb(Path("/proc/meminfo").read_text())
        if free < self.memory_mb:
            yield (
                f"{self.service}: {free} MB of memory are free on the host; its new containers may use "
                f"{self.memory_mb} next to the old: lower memory_mb or take a larger server"
            )

    def database(self) -> Iterator[str]:
        """Records the images, and yields a replication slot that belongs to another database or Electric."""
        variables = {
            "service": self.service,
            "images": json.dumps(self.images),
            "path": f"services/{self.service}/electric/stream_id",
            **{name: self.slot.get(name, "") for name in ("slot", "database", "group")},
        }
        try:
            text = f"{files.sql('releases')}{files.sql('preflight')}"
            yield from self.postgres.query(text, variables, exclusive=True).splitlines()
        except psql.Unreachable:
            yield f"{self.service}: PostgreSQL does not answer: see docker logs {self.postgres.container}"
        except psql.SqlError as error:
            yield str(psql.failure(self.service, error))

    def gateway_accepts_site(self) -> Iterator[str]:
        """Yields nginx's error for the candidate configuration with the new site."""
        if refusal := self.gateway.config_error(site_file(self.service), self.site):
            yield f"{self.service}/site: nginx refuses its text:\n{refusal}"


def available_mb(meminfo: str) -> int:
    """Returns the memory that the kernel reports as available in /proc/meminfo, in MB."""
    return next(int(line.split()[1]) // 1024 for line in meminfo.splitlines() if line.startswith("MemAvailable:"))


def _collect(check: Callable[[], Iterator[str]]) -> list[str]:
    try:
        return list(check())
    except Failure as failure:
        return [str(failure)]


def _is_checked_with(image: str, tool: str) -> bool:
    """Whether a healthy container of the image uses the tool for its health check."""
    healthy = docker.check_output("ps", "-q", "--filter", f"ancestor={image}", "--filter", "health=healthy").split()
    return any(found["Config"]["Healthcheck"]["Test"][1] == tool for found in docker.inspect_existing(healthy))
