"""The lines of NAME:HASH that say who may use a site."""

import re

from .failure import Failure

# The other schemes are slow on purpose: nginx checks a password at each request, and all sites would wait.
LINE = re.compile(r"[^:\s]+:\$apr1\$[./0-9A-Za-z]{1,8}\$[./0-9A-Za-z]{22}")


def check(site: str, users: str) -> str:
    """Returns the lines without empty ones. Raises a `Failure` that repeats nothing of them."""
    lines = [line.strip() for line in users.splitlines() if line.strip()]
    for number, line in enumerate(lines, 1):
        if not LINE.fullmatch(line):
            raise Failure(
                f"sites/{site}/auth: line {number} of the config secret {site}_BASIC_AUTH is not NAME:HASH with a hash "
                "that begins with $apr1$: make it with `openssl passwd -apr1`, and set the secret again"
            )
    return "".join(f"{line}\n" for line in lines)
