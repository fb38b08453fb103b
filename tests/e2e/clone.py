"""The project as a user has it: a git checkout with its local stack, here at the places of this run of the tests.

The documents name the local stack, its ports and its containers. Their blocks run unchanged: the stack's name comes by
the environment, curl reads where the ports are in its own configuration, and `docker` gets the containers' names.
"""

import os
import shutil
import subprocess
from typing import Any

from tests import places
from tests.docs.blocks import Block

from .platform import Platform
from .runner import Engine

FILES = (".gitignore", "Makefile", "requirements.txt", "sertantai", "cli")
PATIENCE_S = 300


class Clone:
    """Runs blocks of a document in the platform's own folder."""

    def __init__(self, platform: Platform) -> None:
        assert isinstance(platform.runner, Engine)
        self.platform, self.folder = platform, platform.folder
        app = platform.services["legal"]["app"]
        app["build"] = {**app["build"], "args": {"BASE": app["image"]}}  # the example names the local stack's registry
        platform.write()
        platform.runner.select()
        self._copy()
        stack = self.folder / f"Pulumi.{platform.stack}.yaml"
        local = self.folder / "Pulumi.local.yaml"
        if not stack.is_symlink():
            stack.rename(local)
            stack.symlink_to(local.name)
        self.environment = self._environment(platform.runner)
        self._git("init", "--quiet", "--initial-branch", "main")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", "clone")

    def run(self, block: Block) -> str:
        """Runs a block like a user who pastes it and answers each question with yes. Returns its output."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.text],
            cwd=self.folder, env=self.environment, input="y\n" * 20, text=True, timeout=PATIENCE_S,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, f"{block.text}\n{done.stdout}"
        return done.stdout

    def _copy(self) -> None:
        places.copy_from_project(self.folder, *FILES)
        os.utime(self.folder / "requirements.txt", (0, 0))  # older than the packages: nothing is installed
        (self.folder / ".local").mkdir(exist_ok=True)
        authority = self.folder / ".local/acme"
        if not authority.is_symlink():
            authority.symlink_to(self.platform.acme)

    def _environment(self, runner: Engine) -> dict[str, str]:
        own = self.folder / ".local/test"
        own.mkdir(exist_ok=True)
        documented = places.local()["nginx"]["https_port"]
        (own / ".curlrc").write_text(
            f'connect-to = ":{documented}:127.0.0.1:{self.platform.place.ports[1]}"\nfail\nsilent\nshow-error\n'
        )
        docker = own / "docker"
        names = f"${{@//sertantai-local-/sertantai-{self.platform.stack}-}}"
        docker.write_text(f'#!/bin/bash\nexec {shutil.which("docker")} "{names}"\n')
        docker.chmod(0o755)
        stack: dict[str, Any] = {"SERTANTAI_STACK": self.platform.stack, "CURL_HOME": str(own)}
        path = os.pathsep.join([str(own), os.environ["PATH"]])
        return os.environ | runner.environment | stack | {"PATH": path}

    def _git(self, *words: str) -> None:
        person = ["-c", "user.name=A user", "-c", "user.email=user@example.org"]
        subprocess.run(["git", *person, *words], cwd=self.folder, check=True, capture_output=True)
