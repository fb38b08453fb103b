"""The file that passes the digests of a preview to the `up` that was confirmed.

Pulumi's saved plans do not fit: they refuse the drift that `up` repairs.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "SERTANTAI_DIGESTS"
"""The variable with the file's path. A preview writes the file, `up` reads it. Without it, both ask the registries."""
RUNNING = "SERTANTAI_RUNNING"
"""The variable with the path of a file with the digests that run, for a release of one service alone: no other image
is looked up, so none is released with it, and an older image can be released while the registry is down."""
Digests = Mapping[str, str | None]
"""Digests by reference. None: the preview could not ask the registry, since there was no host yet."""


@contextmanager
def digests_file() -> Iterator[None]:
    """Names one temporary file for all runs of the program in the block."""
    previous = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory(prefix="sertantai-") as folder:
        os.environ[VARIABLE] = str(Path(folder, "digests.json"))
        try:
            yield
        finally:
            os.environ.pop(VARIABLE)
            os.environ |= {VARIABLE: previous} if previous else {}


def read() -> Digests | None:
    """Returns the digests that the preview has shown, or None if no file is named."""
    if not (file := _file()):
        return None
    return json.loads(file.read_text()) if file.exists() else {}


def running() -> Digests:
    """Returns the digests that run, by reference, if this is a release of one service alone."""
    name = os.environ.get(RUNNING)
    return json.loads(Path(name).read_text()) if name else {}


def forget() -> None:
    """Removes the digests of an earlier preview. They must not stay if this preview fails."""
    if file := _file():
        file.unlink(missing_ok=True)


def write(digests: Digests) -> None:
    """Writes the digests of this preview."""
    if file := _file():
        file.touch(mode=0o600)
        file.write_text(json.dumps(digests, indent=2, sort_keys=True))


def _file() -> Path | None:
    name = os.environ.get(VARIABLE)
    return Path(name) if name else None
