"""What the Pulumi CLI says, without what stands in the way of the error."""

import re

# A failed step is named with its whole text, in one line; what the step itself said comes after it.
STEP = re.compile(r': running ".*":(?=\W*(\x1b\[[0-9;]*m)*\s*$)')
# A plugin that is not the installer's own; that the program ended, after what it said.
NOISE = re.compile(r"warning: using pulumi-\S+ from \$PATH|an unhandled error occurred: program exited with non-zero")

# What others say, and what it means: each is a pattern and what takes its place.
MEANINGS = [
    (
        # The provider keeps Docker's own reason to itself.
        r"\s*sdk-v2/\S+ sdk\.helper_schema: .*unable to find or pull image (\S+): provider=\S+",
        r" \1 could not be pulled whole: most often the host's disk is full; `docker pull \1` there says why",
    ),
    *(
        (rf"\s*(\w[\w/'\" -]*?) \({code}(?:, [^)]*)?\)", rf" {meaning} (\1)")
        for code, meaning in {
            "unauthorized": "hcloud:token: Hetzner does not know it: set a token of this project, with read and write",
            "uniqueness_error": "host/name: something of that name is there and not in this state: take it over with "
            "host/adopt, remove it in the console, or choose another name",
            "resource_limit_exceeded": "host: the limit of this project at Hetzner is reached: have it raised in the "
            "console, or remove what is not used",
            "resource_unavailable": "host/server_type: none is free at this location now: try again, or choose another",
            "rate_limit_exceeded": "host: too many requests at Hetzner in this hour: wait, then `up` again goes on",
            **dict.fromkeys(
                ["unavailable", "server_error", "service_error", "timeout", "bad_gateway", "maintenance"],
                "host: Hetzner's API is in trouble: `up` again goes on where this ended",
            ),
        }.items()
    ),
    (
        r"(?:sdk-v2/\S+ sdk\.helper_schema: )?server type (\w+) not found(?:: provider=\S+)?",
        r"host/server_type: Hetzner has no \1: see `hcloud server-type list`",
    ),
    (
        r"unsupported location for server type.*",
        "host/server_type: this location has no such type: choose another type, or another host/location",
    ),
    (
        # ssh's own; a step ends with 1 or 2.
        r"exit status 255(?=\W*(\x1b\[[0-9;]*m)*\s*$)",
        "the SSH connection broke off in the middle of the step; what it had done stays, and `up` again goes on",
    ),
]


def shown(line: str) -> str | None:
    """A line as the operator sees it; None where it is left out."""
    if NOISE.search(line):
        return None
    line = STEP.sub("", line)
    for pattern, meaning in MEANINGS:
        line = re.sub(pattern, meaning, line)
    return line
