"""boot-migrations: print which apps' images migrate whenever a container of them starts. Changes nothing."""

import argparse
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from . import docker
from .failure import Failure

MIGRATES = re.compile(r"(?<!no-)\bmigrate(?![a-z])", re.IGNORECASE)
"""`bin/migrate`, `Release.migrate`, `ecto.migrate`, `migrate_all`, also inside the script of a `sh -c`."""
SHOWN = 120
"""Characters of the image's command."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `images`, each service's image. Says nothing of an image that is not on the host."""
    for line in warnings(inputs["images"]):
        print(line)


def warnings(images: Mapping[str, str]) -> Iterator[str]:
    """Yields a warning for each service whose image, repository@digest, migrates at each start of a container."""
    try:
        # Docker prints the images that it has, and its error about the others on stderr.
        found = json.loads(docker.run("image", "inspect", *sorted(set(images.values()))).out or "[]")
    except Failure:
        return
    for service, image in images.items():
        config: dict[str, Any] = next((each["Config"] for each in found if image in (each["RepoDigests"] or [])), {})
        command = [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]
        if any(MIGRATES.search(word) for word in command):
            yield (
                f"services/{service}/app/command: is not set, and the image's own command migrates "
                f"({shlex.join(command)[:SHOWN]}): each start of a container migrates, also a restart and a rollback, "
                "without migrate_timeout_s and migrate_lock_timeout_s; set command to a program that only serves"
            )
