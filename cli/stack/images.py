"""The images that a stack file names, each with the path of its setting."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from settings import image_parts
from settings.names import IMAGE_TAG

from ..refused import Refused
from ..show.steps import PARTS
from .services import find, stack_file

PLATFORM = ("acme", "postgres", "redis", "nginx")
BUILT = ("app", "frontend")
"""The parts whose images are made from the operator's own sources."""


@dataclass(frozen=True)
class NamedImage:
    """An image in a stack file. `path` is that of its setting."""

    path: tuple[str, ...]
    reference: str

    @property
    def part(self) -> str:
        """The part of its service, or the platform's block."""
        return self.path[-2]

    @property
    def setting(self) -> str:
        """The setting's path as errors show it."""
        return "/".join(self.path)

    @property
    def repository(self) -> str:
        """Its name without tag and digest. Raises `Refused`."""
        return self._parts()[0]

    @property
    def is_pinned(self) -> bool:
        """Whether it is named by digest. Raises `Refused`."""
        return self._parts()[2] is not None

    def _parts(self) -> tuple[str, str, str | None]:
        try:
            return image_parts(self.reference)
        except ValueError as error:
            raise Refused(f"{self.setting}: {error}") from None


def named(stack: str, service: str = "") -> list[NamedImage]:
    """Returns the images of a stack file, or of one service. Raises `Refused`."""
    if service:
        return list(_of_service(service, find(stack, service)))
    file = stack_file(stack)
    images = [image for name in PLATFORM for image in _of((name,), file.block(name))]
    for name, block in file.block("services").items():
        images += _of_service(name, block)
    return images


def tag_mistakes(tag: str) -> Iterator[str]:
    """Yields what is wrong with the tag of an option. Empty: it is not given."""
    if tag and not re.fullmatch(IMAGE_TAG, tag):
        yield f"--tag: {tag} must be letters, digits, _, . and -, 128 at most, and must not begin with . or -"


def _of_service(name: str, block: object) -> Iterator[NamedImage]:
    for part in PARTS:
        yield from _of(("services", name, part), block.get(part) if isinstance(block, dict) else None)


def _of(path: tuple[str, ...], block: object) -> Iterator[NamedImage]:
    if isinstance(block, dict) and isinstance(block.get("image"), str):
        yield NamedImage((*path, "image"), block["image"])
