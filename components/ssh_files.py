"""OpenSSH's files for a stack's host, in the project's folder."""

from collections.abc import Mapping
from pathlib import Path


def folder(stack: str) -> Path:
    """Where they lie, from the project's folder on: the same on every laptop, or all steps would run again there."""
    return Path(".sertantai", stack, "ssh")


def write(root: Path, stack: str, texts: Mapping[str, str]) -> Path:
    """Writes them below the project's `root`; the configuration's path, from there on."""
    (root / folder(stack)).mkdir(parents=True, exist_ok=True, mode=0o700)
    (Path.home() / ".ssh").mkdir(exist_ok=True, mode=0o700)  # where the connection's socket is
    for name, text in texts.items():
        (root / folder(stack) / name).write_text(text)
    return folder(stack) / "config"
