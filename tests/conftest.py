"""What tests of every folder share."""

from pathlib import Path

import docker
import pytest

AUTHORITY = Path(__file__).parents[1] / ".rehearsal" / "acme" / "ca.pem"


@pytest.fixture(scope="session", autouse=True)
def _authority() -> None:
    """The file that the local stack names as its authority's: declared only, it need not be the real one yet."""
    if not AUTHORITY.exists():
        AUTHORITY.parent.mkdir(parents=True, exist_ok=True)
        AUTHORITY.write_text("not an authority's: `make up` makes that\n")


@pytest.fixture(scope="session")
def base_image() -> str:
    """The image with nginx, PostgreSQL and bash that throwaway containers are made of; built where it is missing."""
    from rehearsal.images.base import ensure_base

    return ensure_base(docker.from_env())
