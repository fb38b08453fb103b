"""backup-status: print the state of backups as JSON, with a list of problems. Changes nothing."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from . import backups, docker
from .failure import Failure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("container", help="the backup container")
    parser.add_argument("--written", action="store_true", help="as the last turn has seen it: asks no repository")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints it, with the state of the files as `files`. `exists` is false if the container is missing, as before the
    first `up`.
    """
    status = read(args.container, "status", *(["--written"] if args.written else []))
    if status.get("exists", True):
        status = add_files(status, read(f"{args.container}-files", "files-status"))
    print(json.dumps(status))


def add_files(status: dict[str, Any], files: dict[str, Any]) -> dict[str, Any]:
    """Returns the status of the databases' backups with that of the files."""
    shown = {"files": files} if "repositories" in files else {}
    return {**status, "problems": [*status["problems"], *files["problems"]], **shown}


def read(container: str, *words: str, timeout_s: float | None = None) -> dict[str, Any]:
    """Returns what a word of the program in the backup container prints, or its failure as a problem.

    Raises `docker.TooSlow` after `timeout_s`.
    """
    try:
        status: dict[str, Any] = json.loads(backups.call(container, *words, timeout_s=timeout_s))
    except docker.TooSlow:
        raise
    except Failure as failure:
        missing = {} if docker.exists(container) else {"exists": False}
        return {"problems": [str(failure)], **missing}
    return status
