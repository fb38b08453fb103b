"""What the Pulumi CLI says, without what stands in the way of the error."""

import re

# A failed step is named with its whole text, in one line; what the step itself said comes after it.
STEP = re.compile(r': running ".*":(?=\W*(\x1b\[[0-9;]*m)*\s*$)')
# A plugin that is not the installer's own; that the program ended, after what it said.
NOISE = re.compile(r"warning: using pulumi-\S+ from \$PATH|an unhandled error occurred: program exited with non-zero")

# The provider keeps Docker's own reason to itself.
CUT_PULL = re.compile(r"\s*sdk-v2/\S+ sdk\.helper_schema: .*unable to find or pull image (\S+): provider=\S+")
ADVICE = r" \1 could not be pulled whole: most often the host's disk is full; `docker pull \1` there says why"


def shown(line: str) -> str | None:
    """A line as the operator sees it; None where it is left out."""
    return None if NOISE.search(line) else CUT_PULL.sub(ADVICE, STEP.sub("", line))
