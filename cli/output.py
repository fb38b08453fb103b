"""What the Pulumi CLI says, without what stands in the way of the error."""

import re

# A failed step is named with its whole text, in one line; what the step itself said comes after it.
STEP = re.compile(r': running ".*":(?=\W*(\x1b\[[0-9;]*m)*\s*$)')
# A plugin that is not the installer's own; that the program ended, after what it said.
NOISE = re.compile(r"warning: using pulumi-\S+ from \$PATH|an unhandled error occurred: program exited with non-zero")


def shown(line: str) -> str | None:
    """A line as the operator sees it; None where it is left out."""
    return None if NOISE.search(line) else STEP.sub("", line)
