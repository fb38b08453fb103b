"""placeholder: create a self-signed certificate for a domain, so that nginx accepts the text of its site.

Safe to run again: a certificate that nginx can use stays.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from .certbot import Certbot


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("domain")
    parser.add_argument("--certbot", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Creates the certificate."""
    Certbot(args.certbot).placeholder(args.domain)
