"""Builds an image from a folder of this package."""

import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.errors import APIError, BuildError

from ..errors import Trouble

ROOT = Path(__file__).parent


def context(name: str, root: Path = ROOT) -> bytes:
    """Returns an archive of an image's folder, and `shared` if its Dockerfile uses it. Equal files give equal bytes."""
    folders = [name, "shared"] if "shared/" in (root / name / "Dockerfile").read_text() else [name]
    files = sorted(file for folder in folders for file in (root / folder).rglob("*") if file.is_file())
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for file in (file for file in files if "__pycache__" not in file.parts):
            entry = tarfile.TarInfo(str(file.relative_to(root)))
            entry.size = file.stat().st_size
            entry.mode = 0o755 if file.stat().st_mode & 0o100 else 0o644
            with file.open("rb") as content:
                tar.addfile(entry, content)
    return buffer.getvalue()


def fingerprint(*parts: bytes | str) -> str:
    """Returns a short hash of these contents, in their order."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part.encode() if isinstance(part, str) else part).digest())
    return digest.hexdigest()[:16]


def build(
    client: docker.DockerClient,
    name: str,
    tag: str,
    arguments: Mapping[str, str],
    labels: Mapping[str, str],
    root: Path = ROOT,
) -> None:
    """Builds a folder's image with this tag. If that fails, the error has the last lines of the build."""
    try:
        client.images.build(
            fileobj=io.BytesIO(context(name, root)),
            custom_context=True,
            dockerfile=f"{name}/Dockerfile",
            tag=tag,
            buildargs=dict(arguments),
            labels=dict(labels),
            rm=True,
            forcerm=True,
        )
    except BuildError as error:
        lines = "".join(step.get("stream", "") for step in error.build_log).splitlines()[-8:]
        raise Trouble("\n  ".join([f"images/{name}: cannot be built: {error}", *lines])) from error


@contextmanager
def explain_full_disk() -> Iterator[None]:
    """Replaces the error of a full disk with one that says what to do."""
    try:
        yield
    except (APIError, OSError, Trouble) as error:
        if "no space left on device" not in str(error).lower():
            raise
        raise Trouble("images: the disk is full; make room (try `docker system prune`) and run this again") from error
