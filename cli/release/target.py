"""What a release of one service is limited to: its own resources, and the images that everything else runs."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from components.machine.confirmed import RUNNING
from settings import StackFile, image_parts
from settings.stack_file import PROJECT

from ..engine.hints import flag
from ..refused import Refused
from ..show.run import IMAGE
from ..show.steps import PARTS

SERVICE = f"{PROJECT}:service:Service"
HOST_PROGRAM = "**::host-program"
WATCH_DECLARED = "watch-declared"
PLATFORM = {"postgres": "postgres", "redis": "redis", "nginx": "nginx", "certbot": "acme"}
"""The block that names the image of each part of the platform."""
Resources = Sequence[Mapping[str, Any]]


def urns(file: StackFile, resources: Resources, service: str) -> list[str]:
    """Returns the engine's targets for one service, with resources that the state does not have yet.

    If the name of another service begins with this one's, as legal-api does with legal, a pattern would match both.
    Then only what the state has is a target. Raises `Refused` for a new service of such a name.
    """
    own = f"urn:pulumi:{file.name}::{PROJECT}::{SERVICE}"
    known = {each["urn"].rpartition("::")[2] for each in resources if each["type"] == SERVICE}
    if not any(name.startswith(f"{service}-") for name in {*known, *file.block("services")}):
        # A pattern: the engine refuses the URN of a service that the state does not have yet.
        return [f"{own}**::{service}", f"{own}$**::{service}-*", HOST_PROGRAM, *_watched(file, resources, service)]
    if service not in known:
        raise Refused(
            f"{service}: is new, and another service's name begins with {service}-: "
            f"run `./sertantai up{flag(file.name)}` first"
        )
    inside = {f"{own}::{service}"}
    for each in resources:  # a parent comes before its children
        if each.get("parent") in inside:
            inside.add(each["urn"])
    return [*sorted(inside), HOST_PROGRAM, *_watched(file, resources)]


def _watched(file: StackFile, resources: Resources, added: str = "") -> list[str]:
    """Returns the target of the step that tells the watch container what is declared, so that it watches the service.

    `added` is a service that this release may add. The engine refuses a target that depends on what only a whole `up`
    adds: then that `up` tells it.
    """
    known = {each["urn"].rpartition("::")[2] for each in resources}
    needed = {f"{name}-retire" for name in file.block("services") if name != added}
    needed |= {f"{name}-site-switch" for name in file.block("sites")}
    needed |= {"backup-volumes-server"} if file.block("backup") else set()
    return [f"**::{WATCH_DECLARED}"] if {WATCH_DECLARED, *needed} <= known and file.block("alerts") else []


def running_images(file: StackFile, resources: Resources, service: str) -> dict[str, str]:
    """Returns repository@digest of what runs, by the reference in the stack file, of all images without a digest.

    If the same tag runs with two digests, the service's own counts: nothing else is released.
    """
    found = {
        each["urn"].rpartition("::")[2]: each["inputs"].get("name", "") for each in resources if each["type"] == IMAGE
    }
    declared = {f"{name}-image": (file.block(block) or {}).get("image") for name, block in PLATFORM.items()}
    blocks = file.block("services")
    for name in sorted(blocks, key=lambda each: each == service):
        declared |= {f"{name}-{part}-image": ((blocks[name] or {}).get(part) or {}).get("image") for part in PARTS}
    pairs = [(reference, found.get(resource, "")) for resource, reference in declared.items() if reference]
    return {reference: image for reference, image in pairs if _is_tag_of(str(reference), image)}


def _is_tag_of(reference: str, image: str) -> bool:
    try:
        repository, _, digest = image_parts(reference)
    except ValueError:
        return False  # the program reports it
    return not digest and image.startswith(f"{repository}@")


@contextmanager
def named(images: Mapping[str, str]) -> Iterator[None]:
    """Passes the images to the runs of the program in the block, which then asks no registry for them."""
    with tempfile.TemporaryDirectory(prefix="sertantai-") as folder:
        file = Path(folder, "running.json")
        file.write_text(json.dumps({reference: image.rpartition("@")[2] for reference, image in images.items()}))
        os.environ[RUNNING] = str(file)
        try:
            yield
        finally:
            os.environ.pop(RUNNING)
