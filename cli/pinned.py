"""The Pulumi CLI: the one on PATH where it is new enough, else a pinned one."""

import json
import os
import shutil
import socket
import subprocess
from contextlib import suppress
from http.client import HTTPException
from importlib.metadata import version
from pathlib import Path

from .engine import ROOT, console

MINIMUM = (3, 260, 0)
"""The oldest that the tests have run on."""
# The version of the SDK in requirements.txt, where `pulumi.automation` puts it.
PINNED = version("pulumi")
FOLDER = Path.home() / ".pulumi"
INSTALLED = FOLDER / "versions" / PINNED / "bin" / "pulumi"
REACH_TIMEOUT_S = 5
QUIET = {"PULUMI_SKIP_UPDATE_CHECK": "true"}


def cli() -> str | None:
    """Path of a CLI that is new enough, installed if need be; None where it cannot be had."""
    for candidate in (shutil.which("pulumi"), FOLDER / "bin" / "pulumi", INSTALLED):
        if candidate and _version(str(candidate)) >= MINIMUM:
            return str(candidate)
    return str(INSTALLED) if _install() else None


def _install() -> bool:
    # Imported here: it takes half a second, and is needed once.
    from pulumi.automation import CommandError, InvalidVersionError, PulumiCommand

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(REACH_TIMEOUT_S)
    try:
        with console.status(f"Installing the Pulumi CLI {PINNED}"):
            PulumiCommand.install()
    except (OSError, HTTPException, subprocess.CalledProcessError, CommandError, InvalidVersionError):
        return False
    finally:
        socket.setdefaulttimeout(before)
    console.print(f"Installed the Pulumi CLI {PINNED} in {INSTALLED.parents[1]}.", soft_wrap=True)
    return INSTALLED.exists()


def _version(path: str) -> tuple[int, ...]:
    """The version of a CLI, nothing where there is none. A CLI takes a quarter of a second to say it: it is kept."""
    file = ROOT / ".sertantai" / "cli.json"
    kept: dict[str, list[list[int]]] = {}
    with suppress(OSError, ValueError):
        kept = json.loads(file.read_text())
    try:
        about = os.stat(path)
        stamp = [about.st_mtime_ns, about.st_size]
        if path not in kept or kept[path][0] != stamp:
            words = subprocess.run([path, "version"], capture_output=True, text=True, env=os.environ | QUIET).stdout
            numbers = words.strip().removeprefix("v").partition("-")[0].split(".")
            kept[path] = [stamp, [int(number) for number in numbers if number.isdigit()]]
            file.parent.mkdir(mode=0o700, exist_ok=True)
            file.write_text(json.dumps(kept))
    except OSError:
        return ()  # it is not there, or was not installed whole
    return tuple(kept[path][1])
