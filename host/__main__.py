"""Runs one verb: `python3 -m host VERB ...`. The whole line may also be one argument."""

import shlex
import sys
from collections.abc import Sequence

from host import verbs
from host.failure import Failure


def main(words: Sequence[str]) -> int:
    """Returns the exit code: 0, 1 for a failure that a person can fix, 2 for an unknown call."""
    if len(words) == 1:
        words = shlex.split(words[0])
    try:
        return verbs.run(words, sys.stdin)
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
