"""version: print which version an app says it is, and which one its image was built as. Changes nothing."""

import argparse
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from . import docker, history, requests
from .retire import PART, SERVICE, STACK

TIMEOUT_S = 3
SAID = ("version", "revision", "commit")
"""The fields of a health check's JSON that may name a version."""
LABELS = ("org.opencontainers.image.version", history.REVISION)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True, help="its health check")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints JSON: `says`, what the newest running container answers, and `labels`, those of its image."""
    labels = {STACK: args.stack, SERVICE: args.service, PART: "app"}
    containers = docker.list_containers(labels, running=True)  # the newest first
    says: list[str] = []
    built: list[str] = []
    if containers:
        marks = history.labels(docker.inspect(containers[0])["Image"])
        built = [marks[name] for name in LABELS if marks.get(name)]
        says = [text for address in docker.addresses(containers[0]) for text in _ask(address, args.port, args.path)]
    print(json.dumps({"says": says, "labels": built}))


def _ask(address: str, port: int, path: str) -> list[str]:
    """Returns the versions that an app names. It may name none, or answer without JSON."""
    with suppress(requests.NoAnswer, ValueError):
        content = json.loads(requests.send(f"http://{address}:{port}{path}", TIMEOUT_S).content)
        named = content if isinstance(content, dict) else {}
        return [str(named[name]) for name in SAID if isinstance(named.get(name), str | int)]
    return []
