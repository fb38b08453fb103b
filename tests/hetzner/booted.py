"""A server that has booted, and the connection to it: the start of its tests."""

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.machine import host_program, ssh_files
from render import server, ssh, verb
from render.cloud_init import user_data
from tests.doubles.hetzner.machine import Machines
from tests.places import INSIDE
from tests.throwaway.box import Said, on_host
from tests.waiting import eventually

SERVER = 1
BOOT_S = 300
# A container image of a few of the server's own files.
TINY = """
files=$(for name in bash sleep timeout; do program=$(readlink -f "$(command -v $name)"); echo $program
  ldd $program | grep -o '/[^ ]*'; done | sort -u)
tar -ch $files 2>/dev/null | docker import - tiny:1
docker network create --subnet SUBNET infra
docker run -d --name inner --network infra --restart unless-stopped tiny:1 /usr/bin/bash -c \
  'trap exit TERM; while :; do sleep 0.1; done'
""".replace("SUBNET", INSIDE)


@dataclass(frozen=True)
class Reach:
    """A server and the connection to it, by the operator's key and its pinned host key."""

    machines: Machines
    keys: Path
    stack: str
    address: str
    sockets: Path
    """The socket of the connection: outside of any home folder, with a short path."""

    def interpreter(self, *options: str, folder: Path | None = None, key: str = "operator") -> list[str]:
        """Returns the SSH command, with the configuration in `folder`."""
        config = str((folder or self.keys) / "config")
        identity = ["-i", str(self.keys / key), "-o", "IdentitiesOnly=yes"]
        return ["ssh", "-F", config, *identity, *options, ssh.alias(self.stack)]

    def ssh(self, text: str, stdin: str = "") -> Said:
        return on_host(text, stdin, self.interpreter())

    def verb(self, line: str, inputs: Mapping[str, Any] | None = None) -> Said:
        """Runs a verb of the program, as a step does."""
        return on_host(line, verb.stdin(inputs or {}), [*self.interpreter(), host_program.COMMAND])

    def settle(self, **changes: Any) -> Said:
        """Returns the server's settings, some of them changed."""
        return self.verb(verb.line("configure"), server.configuration("05:30") | changes)

    def install(self) -> Said:
        """Installs the program on the server, with the program's own scripts."""
        folder = self.keys / "program"
        folder.mkdir()
        self.write(folder, [(self.keys / "host.pub").read_text()], str(self.keys / "operator"))
        (folder / ssh_files.PROGRAM).write_bytes(host_program.pack())
        return on_host(ssh.local_command("install", str(folder / "config"), ssh.alias(self.stack), host_program.path()))

    def first_boot(self) -> str:
        """Returns the first boot's configuration."""
        operators = [(self.keys / "operator.pub").read_text().strip()]
        return user_data((self.keys / "host").read_text(), (self.keys / "host.pub").read_text(), operators, "05:30")

    def configure(self, folder: Path, host_key: str) -> None:
        """Writes the program's own SSH configuration there."""
        pinned = (self.keys / host_key).read_text()
        self.write(folder, [pinned])

    def write(self, folder: Path, host_keys: list[str], identity_file: str | None = None) -> None:
        """Returns the configuration, with the connection's socket in the tests' own folder."""
        texts = ssh.files(
            self.stack,
            str(folder),
            address=self.address,
            host_keys=host_keys,
            identity_file=identity_file,
            sockets=str(self.sockets),
        )
        for name, text in texts.items():
            (folder / name).write_text(text)


@contextmanager
def booted(machines: Machines, keys: Path, stack: str, address: str) -> Iterator[Reach]:
    """A server whose first boot has ended, with its settings and a container `inner`. All is removed at the end."""
    for name in ("host", "operator", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)], check=True)
    sockets = tempfile.TemporaryDirectory(prefix="ssh-")
    reach = Reach(machines, keys, stack, address, Path(sockets.name))
    reach.configure(keys, "host.pub")
    try:
        machines.create(SERVER, "sertantai-prod", address, reach.first_boot())
        machines.start(SERVER)
        eventually(lambda: reach.ssh("true").ok, BOOT_S)
        over = reach.ssh("cloud-init status --wait --long && cloud-init schema --system")
        assert over.ok, f"{over.out}\n{machines.log(SERVER)}"
        for done in (reach.install(), reach.settle()):
            assert done.ok, f"{done.out}\n{done.error}"
        assert reach.ssh(TINY).ok
        yield reach
    finally:
        machines.close()
        sockets.cleanup()
