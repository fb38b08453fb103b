"""The server's configuration as data. The verb `configure` applies it, to a new server or to a running one."""

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
"""Debian packages, each with commands: a server with one of them needs no package."""

DOCKER = {
    "default-address-pools": [{"base": DOCKER_ADDRESS_POOL, "size": 24}],
    "icc": False,
    "live-restore": True,
    "log-driver": "json-file",
    "log-opts": {"max-file": "3", "max-size": "10m"},
    "no-new-privileges": True,
}
"""Docker's own network, and any network without a subnet, get addresses outside the platform's network."""

DOCKER_KEPT = ("data-root", "dns", "mtu", "proxies", "registry-mirrors", "storage-driver", "storage-opts")
"""Settings that an adopted server's Docker keeps: the place of its data, and its way to the Internet."""

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
"""The kernel's settings. Redis forks to save its data, which needs vm.overcommit_memory."""

SWAP_MB = 2048

METADATA_ADDRESS, METADATA_UNIT = "169.254.169.254", "sertantai-metadata"
"""The address of Hetzner's metadata service, and the systemd unit that blocks it for containers."""

UNITS = ("docker", "apt-daily.timer", "apt-daily-upgrade.timer", METADATA_UNIT)
"""The systemd units that start at boot."""


@dataclass(frozen=True, kw_only=True)
class File:
    """A file on the server. `then` names what must reload it: sshd, docker, journald, kernel or units."""

    path: str
    content: str
    then: str = ""


def files(reboot_at: str) -> list[File]:
    """Returns the platform's files on the server, except Docker's. None contains a secret."""
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
    """Returns Docker's file. It is separate, since `configure` keeps some of the server's own settings in it."""
    content = json.dumps(DOCKER, indent=2, sort_keys=True) + "\n"
    return File(path="/etc/docker/daemon.json", content=content, then="docker")


def first_boot_files(reboot_at: str) -> list[File]:
    """Returns the files that sshd and Docker need at their first start.

    `configure` writes the files of programs that already run by then, and reloads these programs.
    """
    return [*(file for file in files(reboot_at) if file.then in ("", "sshd")), docker_daemon()]


def configuration(reboot_at: str) -> dict[str, Any]:
    """Returns the whole configuration as the verb `configure` reads it."""
    return {
        "packages": {package: list(commands) for package, commands in PACKAGES.items()},
        "files": [asdict(file) for file in files(reboot_at)],
        "docker": {"path": docker_daemon().path, "settings": DOCKER, "kept": list(DOCKER_KEPT)},
        "swap_mb": SWAP_MB,
        "units": list(UNITS),
        "metadata": {"address": METADATA_ADDRESS, "unit": METADATA_UNIT},
    }
