"""OpenSSH's files for a stack's host."""

import json
import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import host_program

PROGRAM = "host.pyz"


def folder(stack: str) -> Path:
    """Returns their folder, relative to the project's. It is the same on every laptop: else all steps would rerun."""
    return Path(".sertantai", stack, "ssh")


def write(root: Path, stack: str, texts: Mapping[str, str], target: Mapping[str, Any]) -> Path:
    """Writes them below `root`, and the host's address and keys in `known.json`. Returns the configuration's path."""
    (root / folder(stack)).mkdir(parents=True, exist_ok=True, mode=0o700)
    # The folder of the connection's socket. OpenSSH reads ~ from the user's account, not from HOME.
    Path(pwd.getpwuid(os.getuid()).pw_dir, ".ssh").mkdir(exist_ok=True, mode=0o700)
    contents = {name: text.encode() for name, text in {**texts, "known.json": json.dumps(target)}.items()}
    for name, content in {**contents, PROGRAM: host_program.pack()}.items():
        file = root / folder(stack) / name
        if not file.exists() or file.read_bytes() != content:
            # Atomically: OpenSSH may read the file at any time.
            new = file.with_name(f"{name}.new")
            new.write_bytes(content)
            new.replace(file)
    return folder(stack) / "config"
