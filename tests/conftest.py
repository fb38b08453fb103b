"""Fixtures for tests of every folder."""

import os
from pathlib import Path

import docker
import pytest
from hypothesis import settings

from local.images.base import ensure_base
from local.machine import ensure_docker
from tests.exec_output import keep_output

AUTHORITY = Path(__file__).parents[1] / ".local" / "acme" / "ca.pem"

# Ignore the stack, the width and the colours of the shell that starts the tests.
for name in ("SERTANTAI_STACK", "COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
    os.environ.pop(name, None)
if os.environ.get("TERM") in ("dumb", "unknown"):  # Rich would not know another width than 80
    os.environ["TERM"] = "xterm"
# The user's git settings must not sign, change or refuse the tests' commits.
GIT_SETTINGS = {"commit.gpgSign": "false", "core.autocrlf": "false", "core.hooksPath": "/dev/null"}
for number, (name, value) in enumerate(GIT_SETTINGS.items()):
    os.environ |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
os.environ["GIT_CONFIG_COUNT"] = str(len(GIT_SETTINGS))

# The same examples in every run, without a folder of earlier ones: a gate that fails now and then is useless.
settings.register_profile("gate", derandomize=True, database=None, deadline=None)
settings.load_profile("gate")

keep_output()


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one file run in the same process, since they share what its fixtures have started."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.name))


@pytest.fixture(scope="session", autouse=True)
def _authority() -> None:
    """The file that the local stack names as its authority's root. It is only declared, so it may be empty."""
    if not AUTHORITY.exists():
        AUTHORITY.parent.mkdir(parents=True, exist_ok=True)
        AUTHORITY.write_text("not an authority's: `make up` makes that\n")


@pytest.fixture(scope="session")
def machine() -> docker.DockerClient:
    """Docker that answers. It is installed and started if these tests may do so."""
    return ensure_docker()


@pytest.fixture(scope="session")
def base_image(machine: docker.DockerClient) -> str:
    """The image with nginx, PostgreSQL and bash for throwaway containers. It is built if it is missing."""
    return ensure_base(machine)
