"""`build`: makes a part's image from its sources, tagged by their commit."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from host.history import REVISION
from settings import Build, image_parts, registry_host

from ..engine.engine import ROOT, console
from ..refused import Refused
from ..stack.images import BUILT, tag_mistakes
from ..stack.services import find
from . import base_release, build_hints, checkout

LATEST = "latest"
TITLE = "org.opencontainers.image"


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a part's image is made from, and its name."""

    service: str
    part: str
    repository: str
    tag: str
    build: Build
    context: Path
    labels: Mapping[str, str]
    moves_latest: bool
    """Whether a push moves the tag `latest` too, which the stack file names: then `deploy` finds the image by it."""

    @property
    def reference(self) -> str:
        """The image's name."""
        return f"{self.repository}:{self.tag}"

    @property
    def server(self) -> str:
        """Its registry."""
        return registry_host(self.repository)

    @property
    def setting(self) -> str:
        """The path of its settings."""
        return f"services/{self.service}/{self.part}/build"


def sources(
    stack: str, service: str, parts: Collection[str] = (), *, tag: str = "", allow_dirty: bool = False
) -> list[Source]:
    """Returns what the images of these parts are made from, by default of all that have a context. Raises `Refused`."""
    block = find(stack, service)
    for mistake in tag_mistakes(tag):
        raise Refused(mistake)
    chosen = parts or [part for part in BUILT if _settings(block, part).get("build")] or ["app"]
    return [_source(service, part, _settings(block, part), tag=tag, allow_dirty=allow_dirty) for part in chosen]


def build(source: Source) -> None:
    """Builds one image. Raises `Refused` with the causes that its log shows."""
    begun = time.monotonic()
    dockerfile = source.context / source.build.dockerfile
    _check(source, dockerfile)
    labels = {**source.labels, f"{TITLE}.created": datetime.now(UTC).isoformat(timespec="seconds")}
    options = [f"--label={name}={value}" for name, value in labels.items()]
    options += [f"--build-arg={name}={value}" for name, value in source.build.args.items()]
    command = ["docker", "build", f"--file={dockerfile}", f"--tag={source.reference}", *options, str(source.context)]
    code, log = _run(command)
    if code:
        causes = "\n".join(build_hints.explain(log, source.context))
        raise Refused(
            f"{source.service}/{source.part}: docker build failed with exit code {code}; nothing was tagged"
            + (f"\n{causes}" if causes else "")
        )
    console.print(
        f"{source.service}/{source.part}: {source.reference} built in {time.monotonic() - begun:.0f} s", soft_wrap=True
    )


def _check(source: Source, dockerfile: Path) -> None:
    if not shutil.which("docker"):
        raise Refused("docker: is not installed here: install Docker and its command-line client")
    try:
        text = dockerfile.read_text()
    except OSError as error:
        raise Refused(f"{source.setting}/dockerfile: {dockerfile}: {error.strerror}") from None
    setting = f"{source.setting}: {source.build.dockerfile}"
    for warning in base_release.check(setting, text, source.build.args, is_native=source.part == "app"):
        console.print(f"warning: {warning}", soft_wrap=True, markup=False)


def _run(command: list[str]) -> tuple[int, str]:
    """Runs the build, shows its output as it comes, and returns the exit code and the output."""
    lines: list[str] = []
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", bufsize=1
    )
    try:
        for line in process.stdout or ():
            lines.append(line)
            sys.stderr.write(line)
        return process.wait(), "".join(lines)
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)  # a terminal's Ctrl-C has reached it already, another's has not
        process.wait()
        raise Refused("interrupted: no image was tagged; the same command continues from Docker's cache") from None


def _settings(block: dict[str, Any], part: str) -> dict[str, Any]:
    settings = block.get(part)
    return settings if isinstance(settings, dict) else {}


def _source(service: str, part: str, block: dict[str, Any], *, tag: str, allow_dirty: bool) -> Source:
    setting = f"services/{service}/{part}"
    if not block.get("build"):
        example = f"build: {{context: ../sertantai-{service}/{'backend' if part == 'app' else part}}}"
        raise Refused(f"{setting}/build: is missing: name the folder of its sources, such as {example}")
    build, repository, declared = _declared(setting, block)
    context = (ROOT / Path(build.context).expanduser()).resolve()
    if not context.is_dir():
        raise Refused(f"{setting}/build/context: there is no folder {context}")
    state = checkout.read(context)
    if state and not allow_dirty:
        checkout.refuse_changes(state, f"{setting}/build/context")
    if not tag and not state:
        raise Refused(
            f"{setting}/build/context: {context} is in no git checkout with a commit: name the tag with --tag"
        )
    return Source(
        service=service,
        part=part,
        repository=repository,
        tag=tag or (state.tag if state else ""),
        build=build,
        context=context,
        labels=_labels(state) if state else {},
        moves_latest=declared == LATEST and not (state and state.changed),
    )


def _declared(setting: str, block: dict[str, Any]) -> tuple[Build, str, str]:
    """Returns the settings of the build, and the repository and the tag of the part's image. Raises `Refused`."""
    try:
        repository, tag, _ = image_parts(str(block.get("image")))
        return Build.model_validate(block["build"]), repository, tag
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)[0]
        path = "/".join(map(str, ("build", *details["loc"])))
        raise Refused(f"{setting}/{path}: is missing or not valid: {details['msg']}") from None
    except ValueError as error:
        raise Refused(f"{setting}/image: {error}") from None


def _labels(state: checkout.Checkout) -> dict[str, str]:
    revision = {REVISION: state.commit + (checkout.DIRTY if state.changed else "")}
    return revision | ({f"{TITLE}.source": state.source} if state.source else {})
