"""configure: apply the platform's settings to the server, and print each change.

Safe to run again: each setting is compared first, and equal ones are not touched. Stdin:

- `packages`: Debian packages, each with commands: with one of them, the package is not needed
- `files`: each has a `path`, its `content`, and in `then` what must reload it: sshd, journald, kernel, units or nothing
- `docker`: the `path` and `settings` of Docker's file, and the keys that are `kept` as the server has them
- `swap_mb`, and `units`, which start at boot
- `metadata`: the `address` that containers must not reach, and the `unit` that blocks it
"""

import argparse
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import dockerd, mounts, system
from .failure import Failure
from .reloads import PendingReloads, write_file

APT_TRIES, APT_PAUSE_S = 30, 2
SHOWN = 5
"""Lines of apt's output in an error."""
SWAP = Path("/swapfile")
CLOCK = Path("/usr/lib/systemd/systemd-timesyncd")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares nothing: the verb has no arguments."""


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Compares all settings, and changes those that differ."""
    if not is_root():
        raise Failure("host: only root can change the server's settings: connect as root (host/user)")
    files = {file["then"]: file for file in inputs["files"]}
    with system.lock_settings():
        reloads = PendingReloads()
        _install(inputs["packages"])
        for file in inputs["files"]:
            write_file(Path(file["path"]), file["content"], file["then"], reloads)
        _sshd(Path(files["sshd"]["path"]), reloads)
        if reloads.is_pending("journald"):
            system.check_output("systemctl", "restart", "systemd-journald")
            reloads.clear("journald")
        _kernel(files["kernel"]["path"], files["kernel"]["content"], reloads)
        _swap(inputs["swap_mb"])
        dockerd.configure(**inputs["docker"], reloads=reloads)
        _units(inputs["units"], inputs["metadata"]["unit"], reloads)
        _metadata(**inputs["metadata"])


def is_root() -> bool:
    """Whether this process runs as root."""
    return os.geteuid() == 0


def _install(packages: Mapping[str, Sequence[str]]) -> None:
    missing = [package for package, commands in packages.items() if not any(map(shutil.which, commands))]
    if not missing:
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    # At the first boot, another apt may have the lock of the package lists.
    for _ in range(APT_TRIES):
        if system.run("apt-get", "-qq", "update", environment=environment).code == 0:
            break
        time.sleep(APT_PAUSE_S)
    options = ["-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Options::=--force-confold", "--no-install-recommends"]
    installed = system.run("apt-get", "-qq", *options, "install", *missing, environment=environment)
    if installed.code:
        lines = (installed.out + installed.error).splitlines()[-SHOWN:]
        raise Failure(
            "\n".join([f"host: cannot install {' '.join(missing)}; run up again. apt's last lines:", *_indented(lines)])
        )
    print(f"host: installed {' '.join(missing)}")


def _sshd(path: Path, reloads: PendingReloads) -> None:
    """Reloads sshd. Settings that sshd refuses are reverted first, so that nobody is locked out."""
    if reloads.is_pending("sshd"):
        test = system.run("sshd", "-t")
        if test.code:
            reloads.revert("sshd", path)
            raise Failure(
                "\n".join(
                    [
                        "host: sshd refuses its new settings, and the previous ones are back:",
                        *_indented(test.error.splitlines()[:SHOWN]),
                    ]
                )
            )
        system.check_output("systemctl", "reload", "ssh")
        reloads.clear("sshd")
    if "passwordauthentication no" not in system.run("sshd", "-T").out.splitlines():
        raise Failure(
            "host: sshd still accepts passwords: begin /etc/ssh/sshd_config with "
            "Include /etc/ssh/sshd_config.d/*.conf, then run up again"
        )


def _kernel(path: str, content: str, reloads: PendingReloads) -> None:
    wanted = content.splitlines()
    # -e ignores settings that the kernel does not have, such as IPv6 where it is off.
    current = system.run("sysctl", "-e", *(line.partition(" = ")[0] for line in wanted)).out.splitlines()
    if any(line not in wanted for line in current):
        # This file alone: applying all files would revert settings that Docker has changed.
        if not system.succeeds("sysctl", "-q", "-e", "-p", path):
            raise Failure(f"host: the kernel refuses a setting of {path}")
        print("host: set the kernel's settings")
    reloads.clear("kernel")


def _swap(size_mb: int) -> None:
    if system.check_output("swapon", "--show=NAME", "--noheadings").strip():
        return
    if not SWAP.exists():
        new = SWAP.with_name(f"{SWAP.name}.new")
        try:
            descriptor = os.open(new, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, size_mb << 20)
            finally:
                os.close(descriptor)
        except OSError:
            new.unlink(missing_ok=True)
            raise Failure(f"host: no room for a swap file of {size_mb} MB") from None
        system.check_output("mkswap", str(new))
        new.replace(SWAP)
    mounts.set_fstab_line(f"{SWAP} none swap sw 0 0", mounts.SOURCE)
    system.check_output("swapon", str(SWAP))
    print(f"host: uses the swap file {SWAP}")


def _units(units: Sequence[str], metadata: str, reloads: PendingReloads) -> None:
    if reloads.is_pending("units"):
        system.check_output("systemctl", "daemon-reload")
        if system.succeeds("systemctl", "is-active", "-q", metadata):
            system.check_output("systemctl", "restart", metadata)
        reloads.clear("units")
    wanted = [*units, *([CLOCK.name] if os.access(CLOCK, os.X_OK) else [])]
    checks = ("is-enabled", "is-active")
    states = (system.run("systemctl", check, *wanted).out.split() for check in checks)
    if [set(state) for state in states] == [{"enabled"}, {"active"}]:
        return
    for unit in wanted:
        if not all(system.succeeds("systemctl", check, "-q", unit) for check in checks):
            system.check_output("systemctl", "enable", "-q", "--now", unit)
            print(f"host: started {unit}")


def _metadata(address: str, unit: str) -> None:
    """Restarts the unit if its rule is missing: the unit does not notice that somebody removed the rule."""
    if not system.succeeds("iptables", "-w", "30", "-C", "DOCKER-USER", "-d", address, "-j", "DROP"):
        system.check_output("systemctl", "restart", unit)
        print("host: blocked the metadata service for containers")


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]
