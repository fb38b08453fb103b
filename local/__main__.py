"""`python -m local setup|owner`: the command calls it before the Pulumi CLI runs a local stack.

`owner` fails if the rehearsal owns the platform. `setup` fails then too; otherwise it starts Docker and the doubles.
"""

import argparse
import sys

from docker.errors import DockerException

from settings import Mistakes, StackFile

from .errors import Trouble
from .machine import say
from .owner import refuse_rehearsal
from .setup import set_up


def main(arguments: list[str] | None = None) -> int:
    """Runs the command in the arguments, and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=["setup", "owner"])
    parser.add_argument("--stack", default="local")
    chosen = parser.parse_args(arguments)
    try:
        stack = StackFile.read(chosen.stack)
        if not stack.is_local:
            raise Trouble(f"host/kind: the stack {stack.name} is on another machine, which needs no set-up here")
        refuse_rehearsal(stack.name)
        if chosen.command == "setup":
            set_up(stack)
    except (Trouble, Mistakes, DockerException, KeyboardInterrupt) as error:
        say(f"error: {str(error) or 'interrupted'}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
