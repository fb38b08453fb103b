"""status: print what is seen of a stack on its host as one JSON object, with the problems. Changes nothing."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from . import look


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: what the stack file declares, as render/declared.py writes it."""
    print(json.dumps(look.look(args.stack, inputs)))
