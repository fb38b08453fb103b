"""nothing: the `create` of a step that exists for its `delete`."""

import argparse
from collections.abc import Mapping
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares nothing: the verb has no arguments."""


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Does nothing."""
