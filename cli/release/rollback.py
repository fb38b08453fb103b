"""`rollback`: releases the images of an earlier release, which the host has kept. It needs no registry."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from settings import image_parts

from ..engine.engine import console
from ..engine.hints import flag
from ..refused import Refused
from ..show import outcome
from ..show.changes import short_image
from ..stack.images import named
from ..stack.stack_edit import Keys
from . import history, releasing

History = Sequence[Mapping[str, Any]]


def roll_back(stack: str, service: str, number: int, *, yes: bool, commit: bool) -> int:
    """Releases an earlier release again and returns the exit code. 0: the last one that served. Raises `Refused`."""
    declared = {image.part: image.reference for image in named(stack, service)}
    earlier = choose(service, history.read(stack, service, history.KEPT), declared, number)
    images = {part: image for part, image in earlier["images"].items() if part in declared}
    edits: dict[Keys, Any] = {
        ("services", service, part, "image"): _reference(earlier["tags"].get(part) or declared[part], image)
        for part, image in images.items()
        if _digest(declared[part]) != _digest(image)
    }
    if not edits:
        raise Refused(
            f"{service}: the stack file has the images of release {earlier['number']} already: run deploy or up"
        )
    for _, _, part, _ in edits:
        console.print(
            f"{service}/{part}: {short_image(images[part])}, of release {earlier['number']}",
            soft_wrap=True,
            markup=False,
        )
    release = releasing.Release(
        stack=stack,
        service=service,
        command="rollback",
        edits=edits,
        again=f"./sertantai rollback {service} --to {earlier['number']}{flag(stack)}",
        yes=yes,
        commit=commit,
        built_from={images[part]: revision for part, revision in earlier["commits"].items() if part in images},
    )
    return release.run()


def choose(service: str, releases: History, declared: Mapping[str, str], number: int) -> Mapping[str, Any]:
    """Returns the release to go back to. 0: the last one that served with other images. Raises `Refused`."""
    served = [each for each in releases if each["result"] == outcome.SERVES and each["images"]]
    if number:
        chosen = next((each for each in served if each["number"] == number), None)
        if chosen:
            return chosen
        numbers = ", ".join(str(each["number"]) for each in reversed(served)) or "none"
        raise Refused(f"--to: release {number} of {service} did not serve; these did: {numbers}")
    newest: dict[str, str] = next((each["images"] for each in releases if each["images"]), {})
    # A tag alone does not say which image runs: the newest release does.
    now = {part: _digest(reference) or _digest(newest.get(part, "")) for part, reference in declared.items()}
    for each in served:
        if any(part in now and now[part] != _digest(image) for part, image in each["images"].items()):
            return each
    raise Refused(f"{service}: the history has no release that served with other images: name them in the stack file")


def _reference(tagged: str, image: str) -> str:
    """Returns the image with its tag, which the next deploy resolves again."""
    with suppress(ValueError):  # the stack file's may be no valid one: going back fixes that too
        if image_parts(tagged)[0] == image_parts(image)[0]:
            return f"{tagged.partition('@')[0]}@{_digest(image)}"
    return image


def _digest(reference: str) -> str:
    return reference.partition("@")[2]
