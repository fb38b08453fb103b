"""Compares the releases of Alpine or Debian that a Dockerfile's stages are made of.

A builder's native code, such as Erlang's crypto, is linked to that release's libraries, and fails on another one.
"""

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..engine.engine import console
from ..refused import Refused
from . import dockerfile

DEBIAN = {"11": "bullseye", "12": "bookworm", "13": "trixie", "14": "forky"}
UBUNTU = {"22.04": "jammy", "24.04": "noble", "26.04": "resolute"}
SCRIPTS = ("node", "bun", "deno")
"""Builders of a browser's scripts, which an app's last stage may copy."""
NAMED = {**dict.fromkeys(DEBIAN.values(), "Debian"), **dict.fromkeys(UBUNTU.values(), "Ubuntu")}


@dataclass(frozen=True)
class Release:
    """A distribution and its release: Alpine 3.23 or Debian bookworm."""

    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


def check(setting: str, text: str, arguments: Mapping[str, str], *, is_native: bool = True) -> list[str]:
    """Compares the last stage with those whose files it copies, and returns warnings. Raises `Refused`.

    A browser's scripts do not depend on libraries, so a difference is a warning there, and if not `is_native`. So it is
    where the last stage need not have what was built: a mount, an image from outside, a copy of a copy.
    """
    every = dockerfile.stages(text, arguments)
    if not every:
        raise Refused(f"{setting}: has no FROM")
    sources, image = dockerfile.copied(every), dockerfile.base(every[-1], every)
    images = dict.fromkeys([*(source.image for source in sources), image] if sources else [])
    releases = {each: of_image(each) for each in images}
    warnings = [
        f"{setting}: which Alpine or Debian {each} is made of cannot be known here"
        for each, release in releases.items()
        if release is None and each != dockerfile.EMPTY
    ]
    wanted = releases.get(image)
    for source in sources:
        built, is_script = releases[source.image], _is_script(source.image)
        if not wanted or not built or wanted == built or (is_script and not source.is_certain):
            continue
        difference = (
            f"{setting}:{every[-1].line}: {_described(source, built)} and the last stage runs on {wanted} ({image})"
        )
        if source.is_certain and is_native and not is_script:
            raise Refused(f"{difference}: native code such as crypto's NIF would not load; {_advice(built)}")
        warnings.append(difference)
    return warnings


def of_image(image: str, ask: "Callable[[str], str] | None" = None) -> Release | None:
    """Returns the release that an image is made of: by its tag, else as the image says. None: neither says."""
    return by_tag(image) or by_file((ask or _os_release)(image))


def by_tag(image: str) -> Release | None:
    """Returns the release that a tag names."""
    name, _, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
    if match := re.search(r"alpine-?(\d+\.\d+)", tag) or re.fullmatch(
        r"(\d+\.\d+)(?:\.\d+)?", tag * (name == "alpine")
    ):
        return Release("Alpine", match[1])
    words = re.split(r"[-_.]", tag)
    if codename := next((word for word in words if word in NAMED), None):
        return Release(NAMED[codename], codename)
    numbers = {"debian": DEBIAN, "ubuntu": UBUNTU}.get(name, {})
    number = next((number for number in numbers if re.match(rf"{re.escape(number)}(?![0-9])", tag)), None)
    return Release(name.capitalize(), numbers[number]) if number else None


def by_file(text: str) -> Release | None:
    """Returns the release that an /etc/os-release names."""
    values = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.MULTILINE))
    if values.get("ID") == "alpine":
        return Release("Alpine", ".".join(values.get("VERSION_ID", "").split(".")[:2]))
    codename = values.get("VERSION_CODENAME", "")
    return Release(values.get("ID", "").capitalize(), codename) if codename else None


def _os_release(image: str) -> str:
    """Returns an image's /etc/os-release, or an empty text. Pulls an image that is missing: the build does so too."""
    if image == dockerfile.EMPTY:
        return ""
    here = subprocess.run(["docker", "image", "inspect", image], capture_output=True)
    if here.returncode:
        pull = ["docker", "pull", "--quiet", image]
        with console.status(f"pulling {image}, to see which release it is made of"):
            if subprocess.run(pull, capture_output=True).returncode:
                return ""
    read = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "cat", image, "/etc/os-release"]
    return subprocess.run(read, capture_output=True, text=True, errors="replace").stdout


def _described(source: dockerfile.Source, release: Release) -> str:
    if source.name == source.image:
        return f"files come from {source.image}, which is made of {release},"
    return f"the stage {source.name} builds on {release} ({source.image})"


def _is_script(image: str) -> bool:
    return image.rpartition("/")[2].partition(":")[0] in SCRIPTS


def _advice(release: Release) -> str:
    if release.distribution == "Alpine":
        return f"make the last stage FROM alpine:{release.version}"
    return f"make the last stage FROM {release.distribution.lower()}:{release.version}-slim"
