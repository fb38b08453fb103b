"""`./sertantai` as an operator calls it, on a test's own platform."""

import os
import subprocess
import sys

import yaml

from tests.places import copy_from_project
from tests.waiting import hear

from .platform import Platform
from .runner import Engine


def begin(platform: Platform, *words: str) -> "subprocess.Popen[str]":
    """Starts a command. The platform's configuration is the stack file that it finds."""
    if not (platform.folder / "cli").exists():
        copy_from_project(platform.folder, "cli")
    platform.write()
    engine = platform.runner.environment if isinstance(platform.runner, Engine) else {}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *words, "--stack", platform.stack],
        cwd=platform.folder,
        env={**os.environ, **engine},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def sertantai(platform: Platform, *words: str) -> "subprocess.CompletedProcess[str]":
    """Runs a command to its end. What it has written into the stack file is the platform's configuration then."""
    process = begin(platform, *words)
    out, error = process.communicate(timeout=600)
    platform.config = yaml.safe_load((platform.folder / f"Pulumi.{platform.stack}.yaml").read_text())["config"]
    ran = subprocess.CompletedProcess(words, process.returncode, out, error)
    hear(ran)
    return ran
