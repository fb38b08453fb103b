"""What is configured on the server, as data: the verb `configure` brings a server to it at any time."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from settings import DOCKER_ADDRESS_POOL

from .template import fill

PACKAGES = {
    "apparmor": ("apparmor_parser",),
    "docker.io": ("dockerd",),
    "docker-cli": ("docker",),
    "e2fsprogs": ("mkfs.ext4",),
    "iptables": ("iptables",),
    "python3": ("python3",),
    "systemd-timesyncd": ("/usr/lib/systemd/systemd-timesyncd", "chronyd", "ntpd"),
    "unattended-upgrades": ("unattended-upgrade",),
}
"""Debian packages, each with the commands by any of which a server has what it brings, whoever packed it."""

DOCKER = {
    "default-address-pools": [{"base": DOCKER_ADDRESS_POOL, "size": 24}],
    "icc": False,
    "live-restore": True,
    "log-driver": "json-file",
    "log-opts": {"max-file": "3", "max-size": "10m"},
    "no-new-privileges": True,
}
"""Docker's own network, and any that is made without a subnet, lie in 172.31.0.0/16, beside the platform's."""

DOCKER_KEPT = ("data-root", "dns", "mtu", "proxies", "registry-mirrors", "storage-driver", "storage-opts")
"""What an adopted server's Docker may have been told of its own: where its data is, and how it reaches the world."""

SYSCTLS = {
    "fs.suid_dumpable": 0,
    "kernel.dmesg_restrict": 1,
    "kernel.kptr_restrict": 2,
    "net.core.somaxconn": 4096,
    "net.ipv4.conf.all.accept_redirects": 0,
    "net.ipv4.conf.all.accept_source_route": 0,
    "net.ipv4.conf.all.rp_filter": 1,
    "net.ipv4.conf.all.secure_redirects": 0,
    "net.ipv4.conf.all.send_redirects": 0,
    "net.ipv4.conf.default.accept_redirects": 0,
    "net.ipv4.conf.default.accept_source_route": 0,
    "net.ipv4.conf.default.rp_filter": 1,
    "net.ipv4.conf.default.secure_redirects": 0,
    "net.ipv4.conf.default.send_redirects": 0,
    "net.ipv4.icmp_echo_ignore_broadcasts": 1,
    "net.ipv4.tcp_max_syn_backlog": 4096,
    "net.ipv4.tcp_syncookies": 1,
    "net.ipv6.conf.all.accept_redirects": 0,
    "net.ipv6.conf.default.accept_redirects": 0,
    "vm.overcommit_memory": 1,
    "vm.swappiness": 10,
}
"""The kernel's settings. Redis forks to save, which needs memory to be promised twice (vm.overcommit_memory)."""

SWAP_MB = 2048

METADATA_ADDRESS, METADATA_UNIT = "169.254.169.254", "sertantai-metadata"
"""Where a server at Hetzner asks about itself, and the unit that keeps containers from it."""

UNITS = ("docker", "apt-daily.timer", "apt-daily-upgrade.timer", METADATA_UNIT)
"""What runs from boot on."""


@dataclass(frozen=True, kw_only=True)
class File:
    """A file on the server. `then` names what must take a change over: sshd, docker, journald, kernel or units."""

    path: str
    content: str
    then: str = ""


def files(reboot_at: str) -> list[File]:
    """The files that the server has from us; none holds a secret."""
    return [
        File(path="/etc/ssh/sshd_config.d/10-sertantai.conf", content=fill("server_sshd.conf.j2"), then="sshd"),
        File(
            path="/etc/apt/apt.conf.d/52sertantai-upgrades",
            content=fill("server_upgrades.conf.j2", reboot_at=reboot_at),
        ),
        File(
            path="/etc/sysctl.d/99-sertantai.conf",
            content="".join(f"{key} = {SYSCTLS[key]}\n" for key in SYSCTLS),
            then="kernel",
        ),
        File(
            path="/etc/systemd/journald.conf.d/10-sertantai.conf",
            content=fill("server_journald.conf.j2"),
            then="journald",
        ),
        File(
            path=f"/etc/systemd/system/{METADATA_UNIT}.service",
            content=fill("server_metadata.service.j2", address=METADATA_ADDRESS),
            then="units",
        ),
    ]


def docker_daemon() -> File:
    """Docker's own settings; apart, since settings of the server's own are kept in it."""
    content = json.dumps(DOCKER, indent=2, sort_keys=True) + "\n"
    return File(path="/etc/docker/daemon.json", content=content, then="docker")


def at_first_boot(reboot_at: str) -> list[File]:
    """The files that must be there before the first sshd and the first Docker start.

    What is for a program that already runs by then is left to `configure`, which makes that program read it.
    """
    early = [file for file in files(reboot_at) if file.then in ("", "sshd")]
    return [*early, docker_daemon()]


def configuration(reboot_at: str) -> dict[str, Any]:
    """All this, as the verb `configure` reads it."""
    return {
        "packages": {package: list(commands) for package, commands in PACKAGES.items()},
        "files": [asdict(file) for file in files(reboot_at)],
        "docker": {"path": docker_daemon().path, "settings": DOCKER, "kept": list(DOCKER_KEPT)},
        "swap_mb": SWAP_MB,
        "units": list(UNITS),
        "metadata": {"address": METADATA_ADDRESS, "unit": METADATA_UNIT},
    }
