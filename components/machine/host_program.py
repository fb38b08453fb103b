"""The program on the host, packed into one file and put where the steps call it."""

import hashlib
import io
import zipfile
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "host"
LOCAL = [".venv/bin/python", "-m", "host"]
"""How this machine's steps call it: from the checkout, in whose folder the steps run."""
FOLDER = ".sertantai/host"
"""Where it is on a host, relative to the user's home folder."""
CALL = f'python3 "$(readlink -f {FOLDER}/current)"'
"""What ssh runs on the host, before the words of a verb. It resolves the link first: see `file_name`."""
MAIN = "import sys\nfrom host.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"


@cache
def packed() -> bytes:
    """One file that `python3 FILE` runs. Its bytes depend on the sources alone: no times, no compression."""
    files = {"__main__.py": MAIN.encode()}
    for file in sorted(SOURCES.rglob("*")):
        if file.suffix in (".py", ".sql", ".sh"):
            files[f"host/{file.relative_to(SOURCES)}"] = file.read_bytes()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packing:
        for name, content in files.items():
            packing.writestr(zipfile.ZipInfo(name), content)
    return archive.getvalue()


def file_name() -> str:
    """Its name on a host, a new one for every version: a file that is replaced fails at its next import."""
    return f"{hashlib.sha256(packed()).hexdigest()[:12]}.pyz"


def path() -> str:
    """Where this version is on a host."""
    return f"{FOLDER}/{file_name()}"


def digest(folder: str) -> str:
    """A short hash of the shell scripts in host/shell/<folder>; a changed comment does not change it."""
    lines = [
        line for file in sorted((SOURCES / "shell" / folder).glob("*.sh")) for line in file.read_text().splitlines()
    ]
    code = [line for line in lines if not line.lstrip().startswith("#")]
    return hashlib.sha256("\n".join(code).encode()).hexdigest()[:12]
