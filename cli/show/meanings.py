"""Extracts the meaning of an error message, in the terms of the settings."""

import re
from collections.abc import Mapping

# The error of a failed step: the step's whole text, quoted, on one line, then the step's output.
STEP = re.compile(r'(exit status \d+|signal: \w+): running "(?:[^"\\]|\\.)*":?\s*')
# Messages without information: a plugin on PATH, that the run or the program has ended, and that a step which waits
# for a failed one has a secret input without a value.
NOISE = re.compile(
    r"using pulumi-\S+ from \$PATH|an unhandled error occurred: program exited with non-zero|update failed\s*$"
    r"|preview failed\s*$|destroy failed\s*$|malformed RPC secret: missing value"
)
# Text that providers and the engine add around a message.
WRAPPERS = re.compile(
    r"^\s*sdk-v2/\S+ sdk\.helper_schema: |: provider=\S+\s*$|^(\w+ing urn:\S+: )?\d+ errors? occurred:\s*\* ",
    re.MULTILINE,
)
PATH_FIRST = re.compile(r"[a-z][\w.-]*([/:][\w.*-]+)*: ")
INTERRUPTED = "was interrupted; run up again"
LOCKED = "wait for its end, or, if that run is gone, `./sertantai unlock` with this stack"
# The codes of Hetzner's API, each with its meaning.
HETZNER: Mapping[str, str] = {
    "unauthorized": "hcloud:token: Hetzner does not know it: set a token of this project, with read and write",
    "uniqueness_error": "host/name: a resource of that name exists and is not in this state: adopt it with "
    "host/adopt, remove it in the console, or choose another name",
    "resource_limit_exceeded": "host: the limit of this project at Hetzner is reached: request a higher one in the "
    "console, or remove unused resources",
    "resource_unavailable": "host/server_type: none is available at this location now: try again, or choose another",
    "rate_limit_exceeded": "host: too many requests at Hetzner in this hour: wait, then run up again",
    **dict.fromkeys(
        ["unavailable", "server_error", "service_error", "timeout", "bad_gateway", "maintenance"],
        "host: Hetzner's API has a problem: run up again, it continues from here",
    ),
}
# Patterns in other messages, each with the text that replaces the message.
MEANINGS = [
    (
        # The provider does not show Docker's own reason.
        r"unable to find or pull image (\S+)",
        r"\1 could not be pulled: most often the host's disk is full; `docker pull \1` there shows why",
    ),
    (
        # The image with pgBackRest; apt's own reason is not shown.
        r"apt-get install .*pgbackrest.* code: 100",
        "backup/package: the image cannot be built: the package archive of PostgreSQL's image has no such version of "
        "pgBackRest, or does not answer: `apt-cache madison pgbackrest` in a container of the image lists them",
    ),
    *((rf"(\w[\w/'\" -]*?) \({code}(?:, [^)]*)?\)", rf"{words} (\1)") for code, words in HETZNER.items()),
    (r"server type (\w+) not found", r"host/server_type: Hetzner has no \1: see `hcloud server-type list`"),
    (
        r"unsupported location for server type",
        "host/server_type: this location has no such type: choose another type, or another host/location",
    ),
    (
        r"(?s)currently locked by .*?created by (\S+) \(pid (\d+)\) at ([\d-]+)T([\d:]+)",
        rf"the stack is locked by \1, pid \2, since \3 \4 UTC: {LOCKED}",
    ),
    (r"Another update is currently in progress", f"another run has locked the stack (its page names it): {LOCKED}"),
    (r"^signal: \w+", INTERRUPTED),
    (
        # ssh's own exit code; a step ends with 1 or 2.
        r"^exit status 255\b",
        "the SSH connection broke during the step; its changes stay, run up again",
    ),
]
MAX_LENGTH = 40
"""The number of last lines of a step's output that are shown with its error."""


def explain(message: str) -> str:
    """Returns an error message in the operator's terms. Empty if it has no information of its own."""
    if NOISE.search(message):
        return ""
    step = STEP.match(message)
    text = step[1] if step else WRAPPERS.sub("", message).strip()
    for pattern, replacement in MEANINGS:
        if match := re.search(pattern, text):
            return match.expand(replacement)
    return (_reason_first(message[step.end() :]) if step else text) or text


def _reason_first(output: str) -> str:
    """Returns the last lines of a step's output, with the reason of its failure first."""
    lines = output.rstrip().splitlines()[-MAX_LENGTH:]
    reason = next((number for number, line in enumerate(lines) if PATH_FIRST.match(line)), 0)
    before = ["output before:", *(f"  {line}" for line in lines[:reason])] if reason else []
    return "\n".join([*lines[reason:], *before])
