"""volume: let the user of an app's image write to a volume, and report the image's files that the volume hides.

Safe to run again: it changes the owner of the volume's own folder, never of what is in it.
"""

import argparse
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import docker
from .failure import Failure
from .retire import PART, SERVICE, STACK

TIMEOUT_S = 120
"""For the copy of the image's files into an empty volume, which Docker makes at the first mount."""
ROOT = "0"
# To change an owner, and to enter folders of other users.
AS_ROOT = ["--user", ROOT, "--cap-add", "CHOWN", "--cap-add", "DAC_OVERRIDE"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("setting", help="the volume's name in the settings")
    parser.add_argument("--volume", required=True, help="its name in Docker")
    parser.add_argument("--path", required=True, help="its folder in the app's containers")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `image`, the app's new one."""
    volume = Volume(
        stack=args.stack,
        service=args.service,
        setting=args.setting,
        volume=args.volume,
        path=args.path,
        image=inputs["image"],
    )
    volume.report_hidden_files()
    volume.change_owner()


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A volume and the new image that uses it."""

    stack: str
    service: str
    setting: str
    volume: str
    path: str
    image: str

    @property
    def subject(self) -> str:
        """The beginning of each message."""
        return f"services/{self.service}/app/volumes/{self.setting}"

    def report_hidden_files(self) -> None:
        """Prints a warning if the image has files at the volume's path."""
        # As the image's own user, and by exit code: a missing folder hides nothing.
        result = self._run([], "ls", "-A", self.path)
        if result.code == 0 and result.out.strip():
            print(
                f"{self.subject}: warning: the image has files in {self.path}, and the app sees the volume's instead: "
                "an empty volume gets them once, and later images' never; choose another folder if the app needs them"
            )

    def change_owner(self) -> None:
        """Gives the volume's folder to the image's user, whose name is known in the image alone."""
        user = docker.check_output("image", "inspect", "-f", "{{.Config.User}}", self.image).strip() or ROOT
        result = self._run([*AS_ROOT, *docker.mount_words({self.path: self.volume})], "chown", user, self.path)
        if result.code:
            raise Failure(
                f"{self.subject}: the volume {self.volume} cannot be given to the image's user {user}: "
                f"{result.error.strip()}; fix this and run up again"
            )

    def _run(self, options: list[str], program: str, *words: str) -> docker.Output:
        """Runs a program of the image in a container of its own."""
        name = f"sertantai-{self.stack}-{self.service}-volume-{secrets.token_hex(4)}"
        labels = {STACK: self.stack, SERVICE: self.service, PART: "volume"}
        result = docker.run(
            *("run", "--rm", "--pull", "never", "--name", name, "--network", "none", "--memory", "64m"),
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *(word for key, value in labels.items() for word in ("--label", f"{key}={value}")),
            *(*options, "--entrypoint", program, self.image, *words),
            timeout_s=TIMEOUT_S,
        )
        if result.code == docker.TIMED_OUT:
            docker.remove(name)
        return result
