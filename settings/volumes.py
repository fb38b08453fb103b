"""Checks of an app's volumes: each has a folder of its own, and hides nothing that the image needs."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from itertools import islice
from pathlib import PurePosixPath

from .service import Service

# The system's folders, with everything in them. The container's own /tmp is in memory.
SYSTEM = ["bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "proc", "run", "sbin", "sys", "tmp", "usr"]
# Folders of folders: a volume may be in them, but not hide them whole.
SHARED = ("/home", "/opt", "/root", "/srv", "/var", "/var/lib")
# The root of a release in its image, and the folders of its program.
RELEASE = PurePosixPath("/app")
PROGRAM = ("bin", "lib", "releases", "erts-*")


def volume_mistakes(name: str, service: Service) -> Iterator[str]:
    """Yields volumes that share files with each other, or hide the image's own program."""
    at, volumes = f"services/{name}/app/volumes", service.app.volumes
    root = _release(service)
    for index, (volume, path) in enumerate(volumes.items()):
        if _hides_program(PurePosixPath(path), root):
            yield f"{at}/{volume}: {path} has files that the image needs; choose a folder such as {root}/priv/{volume}"
        for other, taken in islice(volumes.items(), index):
            if path == taken:
                yield f"{at}/{volume}: {path} is the folder of {other} too; choose another"
            elif _is_within(path, taken) or _is_within(taken, path):
                yield f"{at}/{volume}: {path} and {taken} of {other} are one in the other; choose another folder"


def _release(service: Service) -> PurePosixPath:
    """Returns the release's root: /opt/legal for the program /opt/legal/bin/legal."""
    for command in (service.app.migrate, service.app.command):
        program = PurePosixPath((command or [""])[0])
        if program.is_absolute() and program.parent.name == "bin" and len(program.parts) > 3:
            return program.parent.parent
    return RELEASE


def _hides_program(path: PurePosixPath, root: PurePosixPath) -> bool:
    if (
        path.parts[1] in SYSTEM
        or str(path) in SHARED
        or any(release.is_relative_to(path) for release in (RELEASE, root))
    ):
        return True
    inner = path.relative_to(root).parts if path.is_relative_to(root) else ("",)
    return any(fnmatch(inner[0], folder) for folder in PROGRAM) and not _is_own(inner)


def _is_own(inner: Sequence[str]) -> bool:
    """Whether this is within lib/<app>-<version>/priv, where Elixir's `Application.app_dir` leads for files."""
    return inner[0] == "lib" and inner[2:3] == ("priv",) and len(inner) > 3


def _is_within(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")
