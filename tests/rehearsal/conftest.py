"""A sandbox for each test, and an image of a few megabytes for its containers."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from local.errors import Trouble
from local.machine import ensure_packages

from .sandbox import IMAGE, Sandbox, fresh


@pytest.fixture(scope="session")
def image(machine: docker.DockerClient) -> Iterator[str]:
    """BusyBox alone. Tests are skipped if it cannot be pulled."""
    try:
        ensure_packages("busybox-static")
    except Trouble as trouble:
        pytest.skip(str(trouble))
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add("/bin/busybox", "bin/busybox")
        for name in ("sh", "sleep"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
    repository, _, tag = IMAGE.partition(":")
    machine.api.import_image_from_data(content.getvalue(), repository=repository, tag=tag)
    yield IMAGE
    machine.images.remove(IMAGE, force=True)


@pytest.fixture
def sandbox(tmp_path: Path, machine: docker.DockerClient, capsys: pytest.CaptureFixture[str]) -> Iterator[Sandbox]:
    """Its own project, which needs Docker and no image."""
    yield from fresh(tmp_path, capsys)
