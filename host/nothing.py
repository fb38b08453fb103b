"""nothing: the `create` of a step that exists for its `delete`."""

import argparse
from collections.abc import Mapping
from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Does nothing."""
