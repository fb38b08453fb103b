"""switch: replace a service's site in the gateway, which switches the whole release at once.

Safe to run again: it ends with the same files.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import users
from .gateway import Gateway, site_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("--gateway", required=True, help="nginx's container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `text`; `domains`, the names that need certificates; `fingerprint`, which is stored with it.

    For a site of a foreign container also `users`: lines of NAME:HASH, or an empty text.
    """
    gateway = Gateway(args.gateway)
    if inputs.get("users"):
        gateway.write_users(args.service, users.check(args.service, inputs["users"]))
    gateway.switch(
        f"{args.service}/site",
        site_file(args.service),
        inputs.get("text", ""),
        inputs.get("fingerprint", ""),
        inputs.get("domains", ()),
    )
    if inputs.get("users") == "":
        gateway.remove_users(args.service)
