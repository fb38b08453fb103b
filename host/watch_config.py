"""watch-config: write one of the files that the watch container reads at each look, and where this program is.

A temporary container writes them to its volume, where root alone reads them. Safe to run again: it ends with the same
files.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import docker, files, network
from .failure import Failure

FOLDER = "/state"
"""The volume's folder in the watch container."""
ALERTS, DECLARED = "alerts", "declared"
"""The files: who is told, and what the stack file declares."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("volume")
    parser.add_argument("file", choices=[ALERTS, DECLARED])


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `image`, nginx's; `content` of the file; `fingerprint`, which is stored with it."""
    content = json.dumps(inputs["content"])
    words = ["-c", files.shell("write_watch"), "write_watch", FOLDER, args.file, inputs["fingerprint"], *_program()]
    words.append(str(len(content)))
    written = docker.run(
        *("run", "--rm", "-i", "--pull", "never", "--network", "none", "--user", "root", "--log-driver", "none"),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only"),
        *(*docker.mount_words({FOLDER: args.volume}), "--entrypoint", "sh", inputs["image"], *words),
        stdin=content,
    )
    if written.code:
        raise Failure(f"alerts: the watch container's files cannot be written: {written.error.strip()}; run up again")


def fingerprints(container: str) -> dict[str, str]:
    """Returns what was stored with each file. Each call returns new values if this program is in another place now."""
    names = (ALERTS, DECLARED)
    paths = [f"{FOLDER}/{name}" for name in ("program", *(f"{name}.mark" for name in names))]
    stored = docker.execute(container, ["cat", *paths]).out.splitlines()
    known = zip(names, stored[2:], strict=False) if stored[:2] == _program() else ()
    return {f"watch/{name}": network.gone() for name in names} | {f"watch/{name}": mark for name, mark in known}


def _program() -> list[str]:
    """Returns the interpreter, and where this program is: on a server a link to its newest version."""
    package = Path(__file__).absolute().parents[1]
    return [sys.executable, str(package if package.is_dir() else package.with_name("current"))]
