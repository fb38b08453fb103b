"""Finds the Pulumi CLI on PATH if it is new enough, or installs a pinned version."""

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
"""The oldest version that the tests have run with."""
# The SDK's version in requirements.txt, which is the one that `pulumi.automation` installs.
PINNED = version("pulumi")
FOLDER = Path.home() / ".pulumi"
INSTALLED = FOLDER / "versions" / PINNED / "bin" / "pulumi"
REACH_TIMEOUT_S = 5
QUIET = {"PULUMI_SKIP_UPDATE_CHECK": "true"}


def find() -> str | None:
    """Returns the path of a new enough CLI, or None."""
    for candidate in (shutil.which("pulumi"), FOLDER / "bin" / "pulumi", INSTALLED):
        if candidate and _version(str(candidate)) >= MINIMUM:
            return str(candidate)
    return None


def find_or_install() -> str | None:
    """Returns the path of a new enough CLI, and installs one if necessary. None: it cannot be downloaded."""
    return find() or (str(INSTALLED) if _install() else None)


def _install() -> bool:
    # Imported here: it takes half a second and is needed only once.
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
    """Returns a CLI's version, empty if there is none. It is cached: a CLI takes a quarter of a second to print it."""
    file = ROOT / ".sertantai" / "cli.json"
    cache: dict[str, list[list[int]]] = {}
    with suppress(OSError, ValueError):
        cache = json.loads(file.read_text())
    try:
        status = os.stat(path)
        stamp = [status.st_mtime_ns, status.st_size]
        if path not in cache or cache[path][0] != stamp:
            output = subprocess.run([path, "version"], capture_output=True, text=True, env=os.environ | QUIET).stdout
            numbers = output.strip().removeprefix("v").partition("-")[0].split(".")
            cache[path] = [stamp, [int(number) for number in numbers if number.isdigit()]]
            file.parent.mkdir(mode=0o700, exist_ok=True)
            file.write_text(json.dumps(cache))
    except OSError:
        return ()  # it does not exist, or its installation was interrupted
    return tuple(cache[path][1])
