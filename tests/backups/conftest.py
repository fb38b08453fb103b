"""Repositories, and throwaway containers that keep backups in them."""

import uuid
from collections.abc import Callable, Iterator

import pytest

from tests.doubles.repositories.s3 import ObjectStorage
from tests.doubles.repositories.sftp import StorageBox
from tests.throwaway.backups import Backups
from tests.throwaway.fixtures import boxes

from .platform import S3_PORT, SFTP_PORT, STACK, Repository

__all__ = ["boxes"]


@pytest.fixture(scope="module")
def box() -> Iterator[StorageBox]:
    with StorageBox(f"{STACK}-sftp", SFTP_PORT) as server:
        yield server


@pytest.fixture(scope="module")
def bucket() -> Iterator[ObjectStorage]:
    with ObjectStorage(f"{STACK}-s3", S3_PORT) as server:
        yield server


# To build the S3 server takes minutes.
@pytest.fixture(params=["sftp", pytest.param("s3", marks=pytest.mark.faults)])
def repository(request: pytest.FixtureRequest) -> Repository:
    """A server of either kind, with an empty folder."""
    server: Repository = request.getfixturevalue({"sftp": "box", "s3": "bucket"}[request.param])
    server.path = f"test-{uuid.uuid4().hex[:8]}"
    return server


@pytest.fixture
def make(base_image: str) -> Iterator[Callable[..., Backups]]:
    """Makes PostgreSQL and its backup container with these files."""
    made: list[Backups] = []

    def start(files: dict[str, str], **options: object) -> Backups:
        made.append(Backups(base_image, **options))  # type: ignore[arg-type]
        made[-1].start(files)
        return made[-1]

    yield start
    for each in made:
        each.clear()
