"""configure: bring a server to what the platform needs of it, and say what changed.

Safe to run again: each thing is compared first, and nothing is done or said where nothing differs. Stdin:

- `packages`: Debian packages, each with the commands by any of which the server has what it brings
- `files`: each has a `path`, its `content`, and in `then` what takes it over: sshd, journald, kernel, units or nothing
- `docker`: `path` and `settings` of Docker's own file, and the keys that are `kept` as the server has them
- `swap_mb`, and `units`, which run from boot on
- `metadata`: the `address` that containers must not reach, and the `unit` that sees to it
"""

import argparse
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import dockerd, mounts, system
from .due import Due, put
from .failure import Failure

APT_TRIES, APT_PAUSE_S = 30, 2
SHOWN = 5
"""Lines of apt's output in an error."""
SWAP = Path("/swapfile")
CLOCK = Path("/usr/lib/systemd/systemd-timesyncd")


def arguments(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Compares, and changes what differs."""
    if not is_root():
        raise Failure("host: the server's own settings are root's: connect as root (host/user)")
    files = {file["then"]: file for file in told["files"]}
    with system.alone():
        due = Due()
        _install(told["packages"])
        for file in told["files"]:
            put(Path(file["path"]), file["content"], file["then"], due)
        _sshd(Path(files["sshd"]["path"]), due)
        if due.has("journald"):
            system.must("systemctl", "restart", "systemd-journald")
            due.done("journald")
        _kernel(files["kernel"]["path"], files["kernel"]["content"], due)
        _swap(told["swap_mb"])
        dockerd.configure(**told["docker"], due=due)
        _units(told["units"], told["metadata"]["unit"], due)
        _metadata(**told["metadata"])


def is_root() -> bool:
    """Whether this is root."""
    return os.geteuid() == 0


def _install(packages: Mapping[str, Sequence[str]]) -> None:
    missing = [package for package, commands in packages.items() if not any(map(shutil.which, commands))]
    if not missing:
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    # At a first boot apt may be busy with its own lists.
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


def _sshd(path: Path, due: Due) -> None:
    """Nobody may be locked out: settings that sshd refuses are taken back before it is asked to read them."""
    if due.has("sshd"):
        tested = system.run("sshd", "-t")
        if tested.code:
            due.take_back("sshd", path)
            raise Failure(
                "\n".join(
                    [
                        "host: sshd refuses its new settings, and the previous ones are back:",
                        *_indented(tested.error.splitlines()[:SHOWN]),
                    ]
                )
            )
        system.must("systemctl", "reload", "ssh")
        due.done("sshd")
    if "passwordauthentication no" not in system.run("sshd", "-T").out.splitlines():
        raise Failure(
            "host: sshd still takes passwords: let /etc/ssh/sshd_config begin with "
            "Include /etc/ssh/sshd_config.d/*.conf, then run up again"
        )


def _kernel(path: str, content: str, due: Due) -> None:
    wanted = content.splitlines()
    # Settings that the kernel does not know (IPv6 where it is off) are left out.
    current = system.run("sysctl", "-e", *(line.partition(" = ")[0] for line in wanted)).out.splitlines()
    if any(line not in wanted for line in current):
        # This file alone: all of them together would take back what Docker has set for itself.
        if not system.succeeds("sysctl", "-q", "-e", "-p", path):
            raise Failure(f"host: the kernel refuses a setting of {path}")
        print("host: set the kernel's settings")
    due.done("kernel")


def _swap(size_mb: int) -> None:
    if system.must("swapon", "--show=NAME", "--noheadings").strip():
        return
    if not SWAP.exists():
        aside = SWAP.with_name(f"{SWAP.name}.new")
        try:
            descriptor = os.open(aside, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, size_mb << 20)
            finally:
                os.close(descriptor)
        except OSError:
            aside.unlink(missing_ok=True)
            raise Failure(f"host: no room for a swap file of {size_mb} MB") from None
        system.must("mkswap", str(aside))
        aside.replace(SWAP)
    mounts.at_boot(f"{SWAP} none swap sw 0 0", mounts.SOURCE)
    system.must("swapon", str(SWAP))
    print(f"host: swaps to {SWAP}")


def _units(units: Sequence[str], metadata: str, due: Due) -> None:
    if due.has("units"):
        system.must("systemctl", "daemon-reload")
        if system.succeeds("systemctl", "is-active", "-q", metadata):
            system.must("systemctl", "restart", metadata)
        due.done("units")
    wanted = [*units, *([CLOCK.name] if os.access(CLOCK, os.X_OK) else [])]
    states = (system.run("systemctl", question, *wanted).out.split() for question in ("is-enabled", "is-active"))
    if [set(state) for state in states] == [{"enabled"}, {"active"}]:
        return
    for unit in wanted:
        if not all(system.succeeds("systemctl", question, "-q", unit) for question in ("is-enabled", "is-active")):
            system.must("systemctl", "enable", "-q", "--now", unit)
            print(f"host: started {unit}")


def _metadata(address: str, unit: str) -> None:
    """The unit does not see that its rule was removed by hand."""
    if not system.succeeds("iptables", "-w", "30", "-C", "DOCKER-USER", "-d", address, "-j", "DROP"):
        system.must("systemctl", "restart", unit)
        print("host: closed the metadata service to containers")


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]
