"""What an error of a step says, without what stands in the way of it, and in the words of the settings."""

import re
from collections.abc import Mapping

# A failed step is named with its whole text, quoted, in one line; what the step itself said comes after it.
STEP = re.compile(r'(exit status \d+|signal: \w+): running "(?:[^"\\]|\\.)*":?\s*')
# A plugin that is not the installer's own; that a run or the program ended, after what it said.
NOISE = re.compile(
    r"using pulumi-\S+ from \$PATH|an unhandled error occurred: program exited with non-zero|update failed\s*$"
    r"|preview failed\s*$|destroy failed\s*$"
)
# What providers and the engine put around a message.
AROUND = re.compile(
    r"^\s*sdk-v2/\S+ sdk\.helper_schema: |: provider=\S+\s*$|^(\w+ing urn:\S+: )?\d+ errors? occurred:\s*\* ",
    re.MULTILINE,
)
PATH_FIRST = re.compile(r"[a-z][\w.-]*([/:][\w.*-]+)*: ")
STOPPED = "was stopped in the middle; `up` again goes on"
# Codes of Hetzner's API.
HETZNER: Mapping[str, str] = {
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
}
# What others say, and what it means: each is a pattern and what takes the place of the message.
MEANINGS = [
    (
        # The provider keeps Docker's own reason to itself.
        r"unable to find or pull image (\S+)",
        r"\1 could not be pulled whole: most often the host's disk is full; `docker pull \1` there says why",
    ),
    *((rf"(\w[\w/'\" -]*?) \({code}(?:, [^)]*)?\)", rf"{words} (\1)") for code, words in HETZNER.items()),
    (r"server type (\w+) not found", r"host/server_type: Hetzner has no \1: see `hcloud server-type list`"),
    (
        r"unsupported location for server type",
        "host/server_type: this location has no such type: choose another type, or another host/location",
    ),
    (r"^signal: \w+", STOPPED),
    (
        # ssh's own; a step ends with 1 or 2.
        r"^exit status 255\b",
        "the SSH connection broke off in the middle of the step; what it had done stays, and `up` again goes on",
    ),
]
MAX_LENGTH = 40
"""Lines of what a step said that are shown with its error: the last ones."""


def meaning(message: str) -> str:
    """What the message of an error says to the operator; empty where it says nothing that others do not say."""
    if NOISE.search(message):
        return ""
    ended = STEP.match(message)
    text = ended[1] if ended else AROUND.sub("", message).strip()
    for pattern, words in MEANINGS:
        if found := re.search(pattern, text):
            return found.expand(words)
    return (_last_words(message[ended.end() :]) if ended else text) or text


def _last_words(output: str) -> str:
    """The end of what a step said: the reason for its failure, and then what it had said before that."""
    lines = output.rstrip().splitlines()[-MAX_LENGTH:]
    reason = next((number for number, line in enumerate(lines) if PATH_FIRST.match(line)), 0)
    before = ["before that it said:", *(f"  {line}" for line in lines[:reason])] if reason else []
    return "\n".join([*lines[reason:], *before])
