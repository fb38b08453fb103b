"""Repositories, and throwaway containers that keep backups in them."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.doubles.repositories.s3 import ObjectStorage
from tests.doubles.repositories.sftp import StorageBox
from tests.throwaway.backups import Backups
from tests.throwaway.fixtures import boxes

from .platform import S3_PORT, SFTP_PORT, STACK, BackedUp, Repository

__all__ = ["boxes"]


@pytest.fixture(scope="module")
def box_server() -> Iterator[StorageBox]:
    with StorageBox(f"{STACK}-sftp", SFTP_PORT) as server:
        yield server


@pytest.fixture(scope="module")
def bucket_server() -> Iterator[ObjectStorage]:
    with ObjectStorage(f"{STACK}-s3", S3_PORT) as server:
        yield server


@pytest.fixture
def box(box_server: StorageBox) -> StorageBox:
    """An empty folder of the Storage Box."""
    box_server.path = f"test-{uuid.uuid4().hex[:8]}"
    return box_server


@pytest.fixture
def bucket(bucket_server: ObjectStorage) -> ObjectStorage:
    """An empty folder of the bucket."""
    bucket_server.path = f"test-{uuid.uuid4().hex[:8]}"
    return bucket_server


# To build the S3 server takes minutes.
@pytest.fixture(params=["sftp", pytest.param("s3", marks=pytest.mark.faults)])
def repository(request: pytest.FixtureRequest) -> Repository:
    """An empty folder on a server of either kind."""
    server: Repository = request.getfixturevalue({"sftp": "box", "s3": "bucket"}[request.param])
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


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[BackedUp]:
    """A platform of its own for one test."""
    platform = BackedUp(tmp_path)
    yield platform
    gone = platform.run("destroy")
    assert gone.ok, gone.error
    platform.lose_server()  # what destroy keeps, such as the backups
