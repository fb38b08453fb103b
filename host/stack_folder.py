"""The folder of a stack on the host."""

from pathlib import Path


def stack_folder(stack: str) -> Path:
    """Returns the stack's folder, which no other user can read."""
    folder = Path.home() / ".sertantai" / stack
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
