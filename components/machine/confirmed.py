"""The file that hands the digests of a preview to the `up` that was confirmed.

It is not one of Pulumi's saved plans: those refuse what `up` repairs on the way.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "SERTANTAI_DIGESTS"
"""Names the file: a preview writes it, `up` reads it. Without it both ask the registries."""
Digests = Mapping[str, str | None]
"""By reference; None where the preview could not ask, since there was no host yet."""


@contextmanager
def handed_over() -> Iterator[None]:
    """One new file for all runs of the program inside; it is removed afterwards."""
    previous = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory(prefix="sertantai-") as folder:
        os.environ[VARIABLE] = str(Path(folder, "digests.json"))
        try:
            yield
        finally:
            os.environ.pop(VARIABLE)
            os.environ |= {VARIABLE: previous} if previous else {}


def read() -> Digests | None:
    """The digests that the preview has shown; None where no file is named: then `up` asks the registries itself."""
    if not (file := _file()):
        return None
    return json.loads(file.read_text()) if file.exists() else {}


def forget() -> None:
    """Removes an earlier preview's digests before this preview asks: it may fail."""
    if file := _file():
        file.unlink(missing_ok=True)


def write(digests: Digests) -> None:
    """Keeps the digests of this preview."""
    if file := _file():
        file.touch(mode=0o600)
        file.write_text(json.dumps(digests, indent=2, sort_keys=True))


def _file() -> Path | None:
    name = os.environ.get(VARIABLE)
    return Path(name) if name else None
