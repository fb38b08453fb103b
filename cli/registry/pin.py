"""`pin`: names every image of a stack file by the digest that its tag has now."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from settings import image_parts

from ..engine.engine import ROOT
from ..refused import Refused
from ..stack import stack_edit
from ..stack.images import NamedImage, named
from . import registry, registry_login

AT_ONCE = 8


def unpinned(stack: str, service: str = "") -> list[NamedImage]:
    """Returns the images that are named by a tag alone. Raises `Refused`."""
    return [image for image in named(stack, service) if not image.is_pinned]


def pin(stack: str, service: str = "") -> Iterator[NamedImage]:
    """Writes the digest of each tag next to it, and returns what it wrote. Raises `Refused` with all refusals."""
    images = unpinned(stack, service)
    logins = {image: registry_login.for_image(stack, image.reference) for image in images}
    refusals: list[str] = []

    def pinned(image: NamedImage) -> NamedImage | None:
        try:
            digest = registry.resolve(image.reference, logins[image])
        except Refused as refused:
            refusals.append(f"{image.setting}: {refused}")
            return None
        tag = "" if ":" in image.reference.rpartition("/")[2] else f":{image_parts(image.reference)[1]}"
        return NamedImage(image.path, f"{image.reference}{tag}@{digest}")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = [image for image in pool.map(pinned, images) if image]
    for image in answers:
        try:
            stack_edit.set_value(ROOT / f"Pulumi.{stack}.yaml", image.path, image.reference)
        except Refused as refused:
            refusals.append(str(refused))
        else:
            yield image
    if refusals:
        raise Refused("\n".join(sorted(refusals)))
