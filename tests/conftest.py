"""What tests of every folder share."""

from pathlib import Path

import docker
import pytest
from hypothesis import settings

from local.images.base import ensure_base
from local.machine import ensure_docker

AUTHORITY = Path(__file__).parents[1] / ".local" / "acme" / "ca.pem"


# The same examples in every run, and no folder of earlier ones: a gate that fails now and then tells nothing.
settings.register_profile("gate", derandomize=True, database=None, deadline=None)
settings.load_profile("gate")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests go on side by side, those of a file stay together: they share what its fixtures have started."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.name))


@pytest.fixture(scope="session", autouse=True)
def _authority() -> None:
    """The file that the local stack names as its authority's: declared only, it need not be the real one yet."""
    if not AUTHORITY.exists():
        AUTHORITY.parent.mkdir(parents=True, exist_ok=True)
        AUTHORITY.write_text("not an authority's: `make up` makes that\n")


@pytest.fixture(scope="session")
def machine() -> docker.DockerClient:
    """Docker that answers, installed and started where that is ours to do."""
    return ensure_docker()


@pytest.fixture(scope="session")
def base_image(machine: docker.DockerClient) -> str:
    """The image with nginx, PostgreSQL and bash that throwaway containers are made of; built where it is missing."""
    return ensure_base(machine)
