"""OpenSSH's files for a stack's host, in the project's folder."""

import json
import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import host_program

PROGRAM = "host.pyz"


def folder(stack: str) -> Path:
    """Where they lie, from the project's folder: the same on every laptop, or all steps would run again there."""
    return Path(".sertantai", stack, "ssh")


def write(root: Path, stack: str, texts: Mapping[str, str], known: Mapping[str, Any]) -> Path:
    """Writes them and `known`, what they are made of, below `root`; the configuration's path from there."""
    (root / folder(stack)).mkdir(parents=True, exist_ok=True, mode=0o700)
    # Where the connection's socket is. OpenSSH looks for ~ in the user's account, not in HOME.
    Path(pwd.getpwuid(os.getuid()).pw_dir, ".ssh").mkdir(exist_ok=True, mode=0o700)
    contents = {name: text.encode() for name, text in {**texts, "known.json": json.dumps(known)}.items()}
    for name, content in {**contents, PROGRAM: host_program.packed()}.items():
        file = root / folder(stack) / name
        if not file.exists() or file.read_bytes() != content:
            # In one move: a connection may be made at this moment.
            new = file.with_name(f"{name}.new")
            new.write_bytes(content)
            new.replace(file)
    return folder(stack) / "config"
