"""Writes docs/transcripts.md: runs of the local stack as they really look. `make transcripts`.

It changes the local platform and its stack file, and restores both.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from local.machine import ensure_docker

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/transcripts.md"
NAME = os.environ.get("SERTANTAI_STACK", "local")
STACK = ROOT / f"Pulumi.{NAME}.yaml"
HEAD = """# Runs as they really look

`make transcripts` has written this page from runs of the local stack, with the Pulumi CLI and by the rehearsal. In a
terminal, running steps are shown live as well: ![a release](deploy.svg)

Warnings of plugins with another version than the SDK's are left out: they depend on the machine.
"""
MISMATCH = "warning: resource plugin "
Services = dict[str, Any]


def release(services: Services) -> None:
    """A release of one service: its app gets another variable."""
    services["auth"]["app"]["env"] = {"LOG_LEVEL": "debug"}


def broken(services: Services) -> None:
    """A release that fails: its health check asks for a path that the app does not have."""
    services["auth"]["app"]["health"] = {"path": "/helth", "start_timeout_s": 5}


def drift() -> None:
    """Changes by hand on the host."""
    client = ensure_docker()
    client.containers.get(f"sertantai-{NAME}-nginx").exec_run(
        ["sh", "-c", "echo '# by hand' >> sites/legal.conf"], workdir="/srv/nginx"
    )
    [app] = client.containers.list(
        filters={"label": [f"sertantai.stack={NAME}", "sertantai.service=enforcement", "sertantai.part=app"]}
    )
    app.stop()


@contextmanager
def changed(change: Callable[[Services], None]) -> Iterator[None]:
    """Changes the stack file, and restores it at the end."""
    before = STACK.read_text()
    content = yaml.safe_load(before)
    change(content["config"]["sertantai:services"])
    STACK.write_text(yaml.safe_dump(content, sort_keys=False))
    try:
        yield
    finally:
        STACK.write_text(before)


def run(verb: str, path: str) -> str:
    """Returns the output of `make up` or `make preview`, without MISMATCH. `path` decides which runner there is."""
    command = [sys.executable, "-m", "cli", verb]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PATH": path}, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    lines = [line for line in done.stdout.splitlines() if not line.startswith(MISMATCH)]
    return "\n".join([f"$ make {verb}", *lines])


def without_cli() -> str:
    """Returns the PATH without the Pulumi CLI."""
    return os.pathsep.join(each for each in os.environ["PATH"].split(os.pathsep) if not Path(each, "pulumi").exists())


def scenes(path: str) -> Iterator[str]:
    """Yields the scenes of one runner, each with its title."""
    run("up", path)
    with changed(release):
        yield f"### A release\n\n```\n{run('up', path)}\n```\n"
    run("up", path)
    drift()
    yield f"### A preview with drift\n\n```\n{run('preview', path)}\n```\n"
    run("up", path)
    with changed(broken):
        yield f"### A failed release\n\n```\n{run('up', path)}\n```\n"
    run("up", path)


def main() -> None:
    """Runs every scene with both runners, each on a platform of its own."""
    page = [HEAD]
    if not shutil.which("pulumi"):
        sys.exit("install the Pulumi CLI: the transcripts show both runners")
    for title, path in (("With the Pulumi CLI", os.environ["PATH"]), ("By the rehearsal", without_cli())):
        page += [f"## {title}\n", *scenes(path)]
        subprocess.run(
            [sys.executable, "-m", "cli", "destroy", "--yes"], cwd=ROOT, env=os.environ | {"PATH": path}, check=True
        )
    PAGE.write_text("\n".join(page))


if __name__ == "__main__":
    main()
