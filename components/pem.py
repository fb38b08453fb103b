"""Files of certificates on the operator's machine."""

from pathlib import Path

import pulumi


def read_pem(path: str, setting: str) -> str:
    """Returns the text of the PEM file that a setting names."""
    try:
        return Path(path).read_text()
    except OSError as error:
        raise pulumi.RunError(f"{setting}: {path} cannot be read ({error.strerror}); name a PEM file") from None
