"""A project whose server is created at the double, with the real engine and provider."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.machine import ensure_packages
from tests.doubles.hetzner.api import Api
from tests.doubles.hetzner.machine import Machines
from tests.e2e.runner import has_engine
from tests.places import Place

from .client import connect
from .stack import ACME, DNS, DNS_MANAGEMENT, PLACE, REGISTRY, Outside, Project, Said

ZONE = "sertantai.test"
# An address where nobody listens, so that a server on paper refuses at once.
NOBODY = "127.77.0.0/24"


def host(key: Path) -> dict[str, Any]:
    """Returns the setting `host` of a stack whose server is here, and which a key opens."""
    return {
        "kind": "hetzner",
        "name": "sertantai-hz",
        "server_type": "cx33",
        "location": "nbg1",
        "volume_size": 10,
        "ssh_allowed_from": ["203.0.113.0/24"],
        "authorized_keys": {"operator": key.with_suffix(".pub").read_text().strip()},
        "identity_file": str(key),
        "labels": {"team": "legal"},
    }


def project_at(api: Api, folder: Path, key: Path, outside: Outside) -> Project:
    """Returns a stack as its operator sets it up, for a server at this API."""
    return Project(folder, "hz", host(key), outside, HCLOUD_TOKEN=api.token, HCLOUD_ENDPOINT=api.endpoint)


def on_paper(api: Api, folder: Path, key: Path, outside: Outside) -> Project:
    """Returns the same for a server that exists only in the API: an `up` ends at the first connection to it."""
    project = project_at(api, folder, key, outside)
    program = folder / "components" / "machine" / "hetzner.py"
    text = program.read_text()
    assert "FIRST_ANSWER_TIMEOUT_S = 300" in text
    program.write_text(text.replace("FIRST_ANSWER_TIMEOUT_S = 300", "FIRST_ANSWER_TIMEOUT_S = 1"))
    return project


def is_made(said: Said) -> bool:
    """Whether the API has created everything, and the connection to the server has failed."""
    silent = "SSH does not answer after 1 s" in said.text
    assert not silent or "look at its console: https://console.hetzner.cloud" in said.text
    return silent


@dataclass
class Cloud:
    """The API, its servers, and a key that opens them."""

    api: Api
    machines: Machines
    key: Path
    outside: Outside

    def server_id(self) -> int:
        [found] = self.api.servers
        return found


@pytest.fixture
def api() -> Iterator[Api]:
    with Api(action_s=0.01, zone_names=["example.com"]) as api:
        yield api


@pytest.fixture
def client(api: Api) -> Any:
    return connect(api)


@pytest.fixture(scope="session")
def outside() -> Outside:
    if os.geteuid() != 0:
        pytest.skip("not root: a server needs loop devices and Docker")
    return Outside()


@pytest.fixture(scope="session")
def key(outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns an operator's key pair."""
    ensure_packages("openssh-client")
    file = tmp_path_factory.mktemp("key") / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "operator", "-f", file], check=True)
    return file


@pytest.fixture(scope="module")
def cloud(outside: Outside, key: Path) -> Iterator[Cloud]:
    with clouded(PLACE, ZONE, outside, key) as cloud:
        yield cloud


@contextmanager
def clouded(place: Place, zone: str, outside: Outside, key: Path) -> Iterator[Cloud]:
    """An empty project at the double, with one zone. Skips without the real engine."""
    if not has_engine() or not shutil.which("pulumi-resource-hcloud"):
        pytest.skip("no Pulumi CLI, or not its hcloud provider")
    machines = Machines(
        place.name,
        place.subnet,
        forwards=[int(REGISTRY.rpartition(":")[2]), ACME],
        dns=("127.0.0.1", DNS),
        dns_management=DNS_MANAGEMENT,
    )
    try:
        with Api(machines=machines, ipv4_network=place.subnet, zone_names=[zone]) as api:
            yield Cloud(api, machines, key, outside)
    finally:
        machines.close()
