"""The places of tests on this machine: each owner has its own ports, subnets, name and folder."""

import ipaddress
import os
import shutil
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
RUNS, WORKERS, PORTS, SUBNETS = 10, 8, 16, 2
# Several runs of the tests can share one machine, each with its own number.
RUN = int(os.environ.get("E2E_NUMBER", "0"))
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
OWNERS = (
    *(f"platform{worker}" for worker in range(WORKERS)),
    *("compose", "containers", "far", "hetzner", "machines", "real", "settled", "way", "backups", "backups-other"),
    "watch",
)
# Below the kernel's range for outgoing connections (net.ipv4.ip_local_port_range), and far from the local stack.
FIRST_PORT = 20000
NETWORK = ipaddress.IPv4Network("10.208.0.0/14")
INSIDE = "172.30.0.0/24"
"""The platform's network inside a test server, which does not use this machine's."""


def copy_from_project(folder: Path, *names: str) -> None:
    """Copies named files and folders of the project, without compiled files: other processes write those meanwhile."""
    for name in names:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        else:
            shutil.copy(source, target)


@dataclass(frozen=True)
class Place:
    """The place of one owner in one run of the tests."""

    owner: str
    run: int = RUN

    def __post_init__(self) -> None:
        if self.run not in range(RUNS):
            raise ValueError(f"E2E_NUMBER={self.run}: must be 0 to {RUNS - 1}")
        if self.owner not in OWNERS:
            raise ValueError(f"{self.owner}: tests have places for {', '.join(OWNERS)}")

    @property
    def number(self) -> int:
        return self.run * len(OWNERS) + OWNERS.index(self.owner)

    @property
    def name(self) -> str:
        """A name for a network and the like."""
        return f"sertantai-{self.owner}{self.run or ''}"

    @property
    def ports(self) -> range:
        first = FIRST_PORT + PORTS * self.number
        return range(first, first + PORTS)

    @property
    def subnets(self) -> list[ipaddress.IPv4Network]:
        first = SUBNETS * self.number
        return list(islice(NETWORK.subnets(new_prefix=24), first, first + SUBNETS))

    @property
    def subnet(self) -> str:
        return str(self.subnets[0])

    def address(self, host: int) -> str:
        """Returns an address in the subnet."""
        return str(self.subnets[0][host])

    @property
    def folder(self) -> Path:
        """The folder for files that are kept between two runs."""
        return ROOT / ".local" / f"{self.owner}{self.run or ''}"

    # The ports of an owner's doubles of the outside world.

    @property
    def registry(self) -> str:
        return f"localhost:{self.ports[2]}"

    @property
    def acme(self) -> int:
        """The first of four: the authority's, its management's, and the same two of its name server."""
        return self.ports[4]

    @property
    def dns(self) -> int:
        return self.ports[6]

    @property
    def dns_management(self) -> int:
        return self.ports[7]


def local() -> dict[str, Any]:
    """The blocks of the local stack, which may run meanwhile."""
    config = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]
    return {name.partition(":")[2]: block for name, block in config.items()}


def platform() -> Place:
    """Returns the place of this process's own platform."""
    return Place(f"platform{WORKER}")
