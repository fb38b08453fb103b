"""What both kinds of servers have: a container on the host's network, its files, a volume, and accidents."""

import io
import ipaddress
import socket
import tarfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

import docker
from docker.errors import NotFound
from docker.models.containers import Container

from local.machine import ensure_docker
from tests.waiting import eventually, hear

LABEL = "sertantai.repository"


class Server:
    """One server at `address`:`port`. `close` removes it with everything that it keeps.

    It listens on the host's end of Docker's own bridge: containers of each network reach it there, and nobody else.
    """

    def __init__(self, name: str, port: int, folder: str, *, size: str | None = None) -> None:
        """With `size`, such as 200m, its disk is not larger."""
        self.client, self.name, self.port, self.folder = ensure_docker(), name, port, folder
        self.address = gateway(self.client)
        self.path = "main"
        """The repository's folder. Each test may set its own."""
        self.close()  # the rest of a killed run
        options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={size}"} if size else {}
        self.client.volumes.create(name, driver_opts=options, labels={LABEL: name})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def container(self) -> Container:
        return self.client.containers.get(self.name)

    def create(self, image: str, command: Sequence[str], files: Mapping[str, tuple[str, int]], **options: Any) -> None:
        """Creates and starts the container; `files` are texts and modes by their paths."""
        container = self.client.containers.create(
            image,
            entrypoint=list(command),
            name=self.name,
            labels={LABEL: self.name},
            network_mode="host",
            environment={"ADDRESS": self.address, "PORT": str(self.port)},
            **{**options, "volumes": {self.name: {"bind": self.folder}, **options.get("volumes", {})}},
        )
        container.put_archive("/", _archive(files))
        self.start()

    def start(self) -> None:
        """It can be reached again, with everything that it had."""
        self.container.start()
        eventually(self._answers)

    def stop(self) -> None:
        """It can no longer be reached: connections are refused."""
        self.container.stop(timeout=1)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Replaces a file of the server's own configuration."""
        self.container.put_archive("/", _archive({path: (text, mode)}))

    def shell(self, script: str) -> str:
        """Runs a script on the server as root. Returns its output."""
        code, output = self.container.exec_run(["bash", "-euo", "pipefail", "-c", script], workdir=self.folder)
        text = bytes(output).decode(errors="replace")  # type: ignore[arg-type]
        hear(text)
        assert code == 0, text
        return text

    def fill(self) -> None:
        """Uses the rest of its disk, which must have a size, but for less than one segment."""
        self.shell('free=$(df --output=avail -k . | tail -1); head -c "$((free - 64))k" /dev/zero > filler')

    def empty(self) -> None:
        """Makes room again."""
        self.shell("rm -f filler")

    def close(self) -> None:
        with suppress(NotFound):
            self.container.remove(force=True, v=True)
        with suppress(NotFound):
            self.client.volumes.get(self.name).remove(force=True)

    def _answers(self) -> bool:
        with socket.create_connection((self.address, self.port), timeout=2):
            return True


def gateway(client: docker.DockerClient) -> str:
    """Returns this machine's address on Docker's own bridge."""
    [pool] = client.networks.get("bridge").attrs["IPAM"]["Config"]
    return str(pool.get("Gateway") or ipaddress.ip_network(pool["Subnet"])[1])


def _archive(files: Mapping[str, tuple[str, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, (text, mode) in files.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode = len(text.encode()), mode
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()
