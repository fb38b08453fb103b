"""placeholder: a certificate of our own for a domain, by which nginx accepts the text of its site.

Safe to run again: one that nginx can use stays.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from .certbot import Certbot


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("domain")
    parser.add_argument("--certbot", required=True, help="its container")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Makes it."""
    Certbot(given.certbot).placeholder(given.domain)
