"""Servers that are containers: Debian with its own sshd, Docker and cloud-init, and volumes that are loop devices."""

import io
import ipaddress
import tarfile
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import docker
import httpx
from docker.errors import NotFound
from docker.models.containers import Container
from docker.types import IPAMConfig, IPAMPool

from local.images.base import ensure_base
from local.images.context import build, context, explain_full_disk, fingerprint
from local.machine import alone, ensure_docker, ensure_packages
from tests.doubles.hetzner.disk import Disks
from tests.doubles.hetzner.forward import Forwards
from tests.sweeping import sweep
from tests.waiting import hear

ROOT = Path(__file__).parent
LABEL = "sertantai.servers"
STOP_TIMEOUT_S = 30
# What its own daemon, mounts and a packet filter need; never all capabilities (--privileged).
CAPABILITIES = (
    *("SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "MKNOD", "SYS_CHROOT", "NET_RAW", "SYSLOG", "DAC_READ_SEARCH"),
    *("LINUX_IMMUTABLE", "IPC_LOCK", "SYS_NICE"),
)
SYS_RESOURCE = 24
"""The number of a capability that is useful, but that a machine in a sandbox may lack itself."""
CGROUPS = Path("/sys/fs/cgroup")
LOGS = ("boot", "cloud-init-output", "sshd", "docker", "sertantai-metadata")


def ensure_image(client: docker.DockerClient) -> str:
    """The server's image, named by a hash of its files. It is built if it is missing, which takes a minute or two."""
    ensure_packages("e2fsprogs", "mount", "openssh-client")  # for volumes and keys on this machine
    base = ensure_base(client, "server-base", ROOT / "server")
    tag = f"sertantai/server:{fingerprint(base, context('server', ROOT))}"
    with alone("server"), explain_full_disk():
        if not client.images.list(tag):
            build(client, "server", tag, {"BASE": base}, {}, ROOT)
    return tag


class Machines:
    """Servers on their own network. Needs root. `close` removes everything that was created.

    A server reaches the ports `forwards` of this machine's loopback with the same address and number. It resolves names
    by the server `dns` here, whose management port receives the records.
    """

    def __init__(
        self,
        network: str,
        subnet: str,
        *,
        forwards: Sequence[int] = (),
        dns: tuple[str, int] | None = None,
        dns_management: int | None = None,
    ) -> None:
        self._client, self._name, self._ports = ensure_docker(), network, list(forwards)
        self._management = dns_management
        self._gateway = str(ipaddress.ip_network(subnet)[1])
        self._nameserver = self._gateway if dns else ""
        sweep(f"{LABEL}={self._name}")  # the rest of a killed run
        self._disks = Disks(Path(tempfile.gettempdir(), f"sertantai-servers-{network}"))
        self._image = ensure_image(self._client)
        pools = IPAMConfig(pool_configs=[IPAMPool(subnet=subnet, gateway=self._gateway)])
        self._client.networks.create(network, driver="bridge", ipam=pools, labels={LABEL: network})
        self._forwards = Forwards(self._gateway, self._ports, dns)

    def create(self, server_id: int, name: str, address: str, user_data: str) -> None:
        """Creates a server that is off, at `address` (any of the network if it is empty)."""
        container_name = self._container_name(server_id)
        options: dict[str, Any] = {
            "name": container_name,
            "hostname": name,
            "labels": {LABEL: self._name},
            "network": self._name,
            "networking_config": {self._name: self._client.api.create_endpoint_config(ipv4_address=address or None)},
            "cap_add": [*CAPABILITIES, *(["SYS_RESOURCE"] if _may_give(SYS_RESOURCE) else [])],
            "security_opt": ["seccomp=unconfined", "apparmor=unconfined"],
            "device_cgroup_rules": ["a *:* rwm"],
            "tmpfs": {"/run": "exec,mode=755"},
            "sysctls": {"net.ipv6.conf.all.disable_ipv6": "0"},
            "volumes": {
                container_name: {"bind": "/var/lib/docker"},
                str(self._disks.devices(server_id)): {"bind": "/dev/disk/by-id", "mode": "ro"},
            },
            "environment": {
                "GATEWAY": self._gateway,
                "NAMESERVER": self._nameserver,
                "FORWARDS": " ".join(map(str, self._ports)),
            },
            "cgroupns": "private",
        }
        if not (CGROUPS / "cgroup.controllers").exists():  # version 1 has no writable namespaces
            options["cgroupns"] = "host"
            options["volumes"][str(CGROUPS)] = {"bind": str(CGROUPS), "mode": "rw"}
        self._client.volumes.create(container_name, labels={LABEL: self._name})
        container = self._client.containers.create(self._image, **options)
        seed = {"user-data": user_data, "meta-data": f"instance-id: i-{server_id}\nlocal-hostname: {name}\n"}
        container.put_archive("/var/lib/cloud/seed/nocloud", _archive(seed))

    def start(self, server_id: int) -> None:
        """Powers it on. The boot continues after the return."""
        self._container(server_id).start()

    def stop(self, server_id: int) -> None:
        """Shuts it down in order. The data on the server's disk stays."""
        self._container(server_id).stop(timeout=STOP_TIMEOUT_S)

    def remove(self, server_id: int) -> None:
        """Deletes the server and its disk. Volumes stay."""
        self._container(server_id).remove(force=True, v=True)
        self._client.volumes.get(self._container_name(server_id)).remove()
        self._disks.release_all(server_id)

    def attach(self, volume_id: int, server_id: int) -> None:
        """Attaches the volume to the server, as an unmounted device."""
        self._disks.attach(volume_id, server_id)

    def detach(self, volume_id: int) -> None:
        """Detaches it from a server, even if it is mounted."""
        if place := self._disks.place(volume_id):
            server_id, device = place
            with suppress(NotFound):
                container = self._container(server_id)
                if container.status == "running":
                    container.exec_run(["sh", "-c", f"findmnt -rno TARGET -S {device} | xargs -r umount -l"])
            self._disks.release(volume_id)

    def format(self, volume_id: int, size_gb: int, filesystem: str) -> None:
        """Creates a volume, with a file system or empty."""
        self._disks.format(volume_id, size_gb, filesystem)

    def resize(self, volume_id: int, size_gb: int) -> None:
        """Enlarges a volume. Its file system stays as it is."""
        self._disks.resize(volume_id, size_gb)

    def forget(self, volume_id: int) -> None:
        """Deletes a volume and its data."""
        self._disks.forget(volume_id)

    def record(self, name: str, kind: str, values: list[str]) -> None:
        """Sets the addresses of a full host name. A server does not use records of other kinds."""
        if self._management is None or kind not in ("A", "AAAA"):
            return
        host, kind = f"{name.rstrip('.')}.", kind.lower()
        with httpx.Client(base_url=f"http://127.0.0.1:{self._management}") as management:
            management.post(f"/clear-{kind}", json={"host": host}).raise_for_status()
            if values:
                management.post(f"/add-{kind}", json={"host": host, "addresses": values}).raise_for_status()

    def run(self, server_id: int, text: str) -> tuple[int, str]:
        """Runs a text as the server's root, not over SSH. Returns the exit code and the output."""
        code, said = self._container(server_id).exec_run(["bash", "-c", text])
        assert isinstance(said, bytes)
        hear(f"{code} {said.decode(errors='replace')}")
        return int(code or 0), said.decode(errors="replace")

    def connections(self, server_id: int) -> int:
        """Returns how many TCP connections sshd has accepted since the server's last start."""
        return self.run(server_id, "cat /var/log/sshd.log")[1].count("Connection from ")

    def log(self, server_id: int) -> str:
        """Returns the output of the server's boot and its services."""
        return self.run(server_id, "tail -n +1 " + " ".join(f"/var/log/{name}.log" for name in LOGS))[1]

    @contextmanager
    def processes(self, server_id: int) -> Iterator[set[str]]:
        """The command lines of all processes on the server, its containers' too, recorded while the block runs."""
        mark, seen, over = str(self._container(server_id).id), set[str](), threading.Event()

        def watch() -> None:
            while not over.wait(0.01):
                seen.update(_command_lines(mark))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield seen
        finally:
            over.set()
            watcher.join()

    def close(self) -> None:
        """Removes everything."""
        self._forwards.close()
        sweep(f"{LABEL}={self._name}")
        self._disks.clear()
        self._client.close()

    def _container(self, server_id: int) -> Container:
        return self._client.containers.get(self._container_name(server_id))

    def _container_name(self, server_id: int) -> str:
        return f"{self._name}-{server_id}"


def _may_give(capability: int) -> bool:
    bounds = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapBnd"))
    return bool(int(bounds.split()[1], 16) >> capability & 1)


def _archive(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text.encode()), 0o600
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def _command_lines(mark: str) -> Iterator[str]:
    """Returns the pids of processes whose control group has `mark` in its path."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "cgroup").read_text():
                yield (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
