"""`deploy`: releases the newest images of a service. It writes their digests into the stack file."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from host.history import REVISION
from settings import image_parts

from ..engine import program
from ..engine.engine import ROOT, console
from ..engine.hints import flag
from ..engine.pinned import find_or_install
from ..refused import Refused
from ..registry import registry, registry_login
from ..show.changes import short_commit
from ..show.steps import PARTS
from ..stack import services
from ..stack.images import BUILT, NamedImage, named, tag_mistakes
from ..stack.stack_edit import Keys
from . import releasing


@dataclass(frozen=True, kw_only=True)
class Wish:
    """The flags of `deploy`."""

    frontend: bool = False
    backend: bool = False
    electric: bool = False
    with_electric: bool = False
    clear_cache: bool = False
    migrate: bool = False
    tag: str = ""

    def parts(self) -> list[str]:
        """Returns the parts that get a new image or container, as far as they are named."""
        named = {
            "app": self.backend or self.with_electric,
            "frontend": self.frontend,
            "electric": self.electric or self.with_electric or self.clear_cache,
        }
        return [part for part in PARTS if named[part]]


def deploy(stack: str, service: str, wish: Wish, *, yes: bool, commit: bool) -> int:
    """Releases a service and returns the exit code. Raises `Refused` before anything is changed."""
    block = services.find(stack, service)
    parts = wish.parts() or [part for part in BUILT if part in block and part not in _stopped(block)]
    images = {image.part: image for image in named(stack, service)}
    if mistakes := list(_mistakes(service, block, images, wish, parts)):
        raise Refused("\n".join(mistakes))
    with ThreadPoolExecutor() as pool:  # the state takes the engine half a second, as the registry's login does
        if engine := find_or_install():
            program.start(ROOT)
        resources = pool.submit(releasing.read_state, engine, stack)
        resolved = _resolve(stack, service, [images[part] for part in parts if part in BUILT], wish.tag)
    edits: dict[Keys, Any] = {
        image.path: reference for image, (reference, _) in resolved.items() if reference != image.reference
    }
    edits |= _raised(service, block, wish)
    release = releasing.Release(
        stack=stack,
        service=service,
        command="deploy",
        edits=edits,
        again=_again(stack, service, parts),
        yes=yes,
        commit=commit,
        built_from={_image(reference): revision for reference, revision in resolved.values() if revision},
        resources=resources,
    )
    code = release.run()
    if block.get("maintenance"):
        again = f"./sertantai maintenance off {service}{flag(stack)}"
        console.print(f"{service}: its site is closed: `{again}` opens it", soft_wrap=True)
    return code


def _mistakes(
    service: str, block: Mapping[str, Any], images: Mapping[str, NamedImage], wish: Wish, parts: list[str]
) -> Iterator[str]:
    """Yields each flag that does not fit the service, or another flag, and each image that cannot be resolved."""
    flags = {"app": "--backend", "frontend": "--frontend", "electric": "--electric"}
    for part in parts:
        if part not in block:
            yield f"{flags[part]}: {service} has no {part}; leave it out"
        elif part in _stopped(block):
            yield f"{flags[part]}: services/{service}/stopped names {part}: take it out of that list first"
    if wish.clear_cache and (wish.electric or wish.with_electric):
        yield "--electric-clear-cache: starts Electric again too; leave --electric and --with-electric out"
    if wish.electric and wish.with_electric:
        yield "--with-electric: is --backend --electric; leave --electric out"
    yield from tag_mistakes(wish.tag)
    if wish.tag and not set(parts) & {*BUILT}:
        yield f"--tag: Electric's image has tags of its own: write it into services/{service}/electric/image"
    if wish.migrate and not (block.get("app") or {}).get("migrate"):
        yield f"--migrate: services/{service}/app/migrate is not set, so there is nothing to run"
    if not parts:
        yield f"{service}: all of its parts are in services/{service}/stopped"
    for part in (part for part in parts if part in BUILT and part in block):
        yield from _image_mistakes(f"services/{service}/{part}/image", images.get(part), wish.tag)


def _image_mistakes(setting: str, image: NamedImage | None, tag: str) -> Iterator[str]:
    try:
        if image is None:
            yield f"{setting}: is missing, or is not text: name the image there"
        elif image.is_pinned and not tag and ":" not in image.reference.partition("@")[0].rpartition("/")[2]:
            yield f"{setting}: has a digest and no tag: name the new one with --tag"
    except Refused as refused:
        yield str(refused)


def _resolve(stack: str, service: str, images: Sequence[NamedImage], tag: str) -> dict[NamedImage, tuple[str, str]]:
    """Returns the new name:tag@digest of each image, and the commit that it was built from. Raises `Refused`."""

    def resolve(image: NamedImage) -> tuple[str, str]:
        name = _tagged(image.reference, tag)
        login = registry_login.for_image(stack, name)
        try:
            digest = registry.resolve(name, login)
        except Refused as refused:
            raise Refused(f"{image.setting}: {refused}") from None
        with suppress(Refused):
            return f"{name}@{digest}", registry.inspect(f"{name}@{digest}", login).labels.get(REVISION, "")
        return f"{name}@{digest}", ""

    with ThreadPoolExecutor() as pool:
        resolved = dict(zip(images, pool.map(resolve, images), strict=True))
    for image, (reference, revision) in resolved.items():
        same = "as in the stack file" if reference == image.reference else ""
        words = ", ".join(filter(None, [f"built from commit {short_commit(revision)}" if revision else "", same]))
        console.print(
            f"{service}/{image.part}: {reference}{f' ({words})' if words else ''}", soft_wrap=True, markup=False
        )
    return resolved


def _tagged(reference: str, tag: str) -> str:
    """Returns name:tag, with another tag if one is named."""
    name = reference.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}:{tag or last.partition(':')[2] or 'latest'}"


def _raised(service: str, block: Mapping[str, Any], wish: Wish) -> Iterator[tuple[Keys, int]]:
    """Yields the counters that say: again, though nothing else has changed."""
    wanted = {
        ("electric", "restart_generation"): wish.electric or wish.with_electric,
        ("electric", "cache_generation"): wish.clear_cache,
        ("app", "migrate_generation"): wish.migrate,
    }
    for (part, counter), raised in wanted.items():
        if raised:
            yield ("services", service, part, counter), int(block[part].get(counter, 0)) + 1


def _again(stack: str, service: str, parts: list[str]) -> str:
    flags = {"app": " --backend", "frontend": " --frontend", "electric": ""}
    return f"./sertantai deploy {service}{''.join(flags[part] for part in parts)}{flag(stack)}"


def _image(reference: str) -> str:
    repository, _, digest = image_parts(reference)
    return f"{repository}@{digest}"


def _stopped(block: Mapping[str, Any]) -> list[str]:
    return list(block.get("stopped") or [])
