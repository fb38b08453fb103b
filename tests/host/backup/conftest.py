"""Fixtures for tests of the backup container's program."""

from collections.abc import Callable, Iterator

import pytest

from tests.throwaway.backups import Backups


@pytest.fixture(scope="module")
def make(base_image: str) -> Iterator[Callable[..., Backups]]:
    """Makes PostgreSQL and its backup container, which exist until the module's end."""
    made: list[Backups] = []

    def start(files: dict[str, str] | None = None, **options: object) -> Backups:
        made.append(Backups(base_image, **options))  # type: ignore[arg-type]
        made[-1].start(files)
        return made[-1]

    yield start
    for each in made:
        each.clear()
