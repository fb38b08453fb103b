"""What differs on the host from the stack file, as far as one look tells it. `plan` tells all of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from host.rules import SHARED
from settings import image_parts


def drift(seen: Mapping[str, Any]) -> list[str]:
    """Returns a line for each difference. What could not be read has none."""
    readable = seen["unreadable"].keys()
    lines: list[str] = []
    if "docker" not in readable and seen["containers"]:
        lines += [*_containers(seen), *_images(seen)]
        if "nginx" not in readable:
            lines += _sites(seen)
        if "postgres" not in readable:
            lines += _slots(seen)
    return [*lines, *(f"{name}: was changed by hand" for name in seen["drifted"])]


def declared_digest(seen: Mapping[str, Any], service: str, part: str) -> str | None:
    """Returns the digest that a part is declared with; for a tag, the one that its last release resolved it to.

    None: nobody knows.
    """
    block = seen["declared"]["platform"] if service == SHARED else _service(seen, service).get("parts", {})
    if part not in block:
        return None
    repository, _, digest = image_parts(block[part])
    released, _, released_digest = seen["released"].get(f"{service}/{part}", "").partition("@")
    return digest or (released_digest if released == repository else None) or None


def _service(seen: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    service: Mapping[str, Any] = seen["declared"]["services"].get(name, {})
    return service


def _containers(seen: Mapping[str, Any]) -> Iterator[str]:
    shared = seen["declared"]["platform"]
    for name in sorted({each["service"] for each in seen["containers"]} - {SHARED, *seen["declared"]["services"]}):
        yield f"{name}: runs and is not declared"
    for each in seen["containers"]:
        service, part = each["service"], each["part"]
        if service == SHARED and part not in shared:
            yield f"{part}: runs and is not declared"
        declared = _service(seen, service)
        if declared and part not in declared["parts"]:
            yield f"{service}/{part}: runs and is not declared"
        elif declared and part in declared["stopped"] and each["state"] == "running":
            yield f"{service}/{part}: runs and is declared as stopped"


def _images(seen: Mapping[str, Any]) -> Iterator[str]:
    for each in seen["containers"]:
        service, part = each["service"], each["part"]
        if service != SHARED and not each["serves"]:
            continue  # left by a failed release, or not known
        name = part if service == SHARED else f"{service}/{part}"
        digest = declared_digest(seen, service, part)
        if digest and each["digest"] and digest != each["digest"]:
            yield f"{name}: runs {short(each['digest'])}, declared is {short(digest)}"


def _sites(seen: Mapping[str, Any]) -> Iterator[str]:
    declared = {*seen["declared"]["services"], *seen["declared"]["sites"]}
    for name in sorted(declared - {*seen["sites"]}):
        yield f"sites/{name}.conf: is missing in the gateway"
    for name in sorted({*seen["sites"]} - declared):
        yield f"sites/{name}.conf: is in the gateway and not declared"


def _slots(seen: Mapping[str, Any]) -> Iterator[str]:
    declared = {service.get("slot") for service in seen["declared"]["services"].values()}
    for slot in seen["slots"]:
        if slot["name"] not in declared:
            yield f"slot {slot['name']}: no service declares it, and it retains {slot['retained_mb']} MB of WAL"


def short(digest: str) -> str:
    """Returns the beginning of a digest, as Docker shows it."""
    return digest.removeprefix("sha256:")[:12]
