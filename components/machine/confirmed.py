"""The file that hands the digests of a preview to the `up` that was confirmed.

Not one of Pulumi's saved plans: those refuse what `up` repairs on the way.
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
    """One new file for all runs of the program inside; it is gone afterwards."""
    before = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory(prefix="sertantai-") as folder:
        os.environ[VARIABLE] = str(Path(folder, "digests.json"))
        try:
            yield
        finally:
            os.environ.pop(VARIABLE)
            os.environ |= {VARIABLE: before} if before else {}


def read() -> Digests | None:
    """What the preview was told; None where no file is named, and `up` holds to nothing."""
    if not (file := _file()):
        return None
    return json.loads(file.read_text()) if file.exists() else {}


def forget() -> None:
    """An earlier preview's digests go before this one asks: it may fail."""
    if file := _file():
        file.unlink(missing_ok=True)


def write(digests: Digests) -> None:
    """Keeps what this preview was told."""
    if file := _file():
        file.touch(mode=0o600)
        file.write_text(json.dumps(digests, indent=2, sort_keys=True))


def _file() -> Path | None:
    name = os.environ.get(VARIABLE)
    return Path(name) if name else None
