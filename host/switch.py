"""switch: a service's site in the gateway gets another text; with it the whole release takes the traffic.

Safe to run again: it ends in the same files.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from .gateway import Gateway, site


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("--gateway", required=True, help="nginx's container")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Stdin: `text`; `domains`, the names that it needs certificates for; `fingerprint`, which is kept with it."""
    Gateway(given.gateway).switch(
        f"{given.service}/site",
        site(given.service),
        told.get("text", ""),
        told.get("fingerprint", ""),
        told.get("domains", ()),
    )
