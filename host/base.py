"""base: write nginx.conf, and the scripts that nginx's and certbot's containers run.

If nginx does not run yet, a temporary container writes them. Safe to run again: it ends with the same files.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from .gateway import Gateway

SCRIPTS = ("ask", "install", "placeholder", "renew", "serve", "watch")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("gateway", help="nginx's container")
    parser.add_argument("--volume", required=True)
    parser.add_argument("--scripts", required=True, help="their digest, so that the step runs again for new scripts")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `image`, nginx's; `text`, nginx.conf; `fingerprint`, which is stored with it."""
    gateway = Gateway(args.gateway, args.volume, inputs.get("image", ""))
    gateway.write_scripts(SCRIPTS)
    gateway.switch("nginx", "nginx.conf", inputs.get("text", ""), inputs.get("fingerprint", ""))
