"""What tests of every folder share."""

import docker
import pytest


@pytest.fixture(scope="session")
def base_image() -> str:
    """The image with nginx, PostgreSQL and bash that throwaway containers are made of; built where it is missing."""
    from rehearsal.images.base import ensure_base

    return ensure_base(docker.from_env())
