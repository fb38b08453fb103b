"""How messages name a command of this program for a stack."""

import os
import shlex


def flag(stack: str) -> str:
    """Returns ` --stack STACK`, or an empty text if a command without it is of this stack."""
    default = os.environ.get("SERTANTAI_STACK") or "local"
    return "" if stack == default else f" --stack {shlex.quote(stack)}"
