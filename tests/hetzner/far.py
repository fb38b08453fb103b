"""Ten services on an existing machine, reached over SSH."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.hetzner.machine import Machines
from tests.places import Place

from .booted import SERVER, Reach, booted
from .stack import ACME, DNS, DNS_MANAGEMENT, REGISTRY, Outside, Project, service

PLACE = Place("far")
ADDRESS = PLACE.address(10)
NAMES = [f"service-{number}" for number in range(10)]
SITE = "service-3.sertantai.test"


@dataclass
class Far:
    """The project, and the machine that its steps reach."""

    project: Project
    reach: Reach

    def connections(self) -> int:
        return self.reach.machines.connections(SERVER)

    def get(self, path: str) -> int:
        return self.project.get(ADDRESS, SITE, path).status_code


def host(keys: Path) -> dict[str, object]:
    """Returns the setting `host` for the machine."""
    kind, key, *_ = (keys / "host.pub").read_text().split()
    return {"kind": "ssh", "address": ADDRESS, "host_key": f"{kind} {key}", "identity_file": str(keys / "operator")}


def ten(project: Project) -> None:
    """Ten services of app and database, in place of the one with every part."""
    services = {name: service(name, 4000 + number) for number, name in enumerate(NAMES)}
    for block in services.values():
        block["app"]["memory_mb"], block["database"]["pool_size"] = 128, 3
    project.change("services", services)
    project.change("postgres/max_connections", 250)


@contextmanager
def reached(folder: Path, keys: Path, outside: Outside) -> Iterator[Far]:
    """The machine, and in `folder` a project for it."""
    forwards = [int(REGISTRY.rpartition(":")[2]), ACME]
    machines = Machines(
        PLACE.name, PLACE.subnet, forwards=forwards, dns=("127.0.0.1", DNS), dns_management=DNS_MANAGEMENT
    )
    for name in NAMES:
        machines.record(f"{name}.sertantai.test", "A", [ADDRESS])
    with booted(machines, keys, "far", ADDRESS) as reach:
        # Its own tests' network has our network's addresses.
        assert reach.ssh("docker rm -f inner && docker network rm infra").ok
        project = Project(folder, "far", host(keys), outside)
        ten(project)
        yield Far(project, reach)
