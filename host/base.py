"""base: the gateway's own configuration, and the scripts that its containers run.

Where nginx does not run yet, a container that only writes them does it. Safe to run again: it ends in the same files.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from .gateway import Gateway

SCRIPTS = ("ask", "install", "placeholder", "renew", "serve", "watch")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("gateway", help="nginx's container")
    parser.add_argument("--volume", required=True)
    parser.add_argument("--scripts", required=True, help="changes when they do, so that the step runs again")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Stdin: `image`, nginx's; `text`, nginx.conf; `fingerprint`, which is kept with it."""
    gateway = Gateway(given.gateway, given.volume, told.get("image", ""))
    gateway.put_scripts(SCRIPTS)
    gateway.switch("nginx", "nginx.conf", told.get("text", ""), told.get("fingerprint", ""))
