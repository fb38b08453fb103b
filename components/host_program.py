"""The program on the host, packed into one file and put where the steps call it."""

import hashlib
import io
import shlex
import zipfile
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "host"
LOCAL = ["python3", "-m", "host"]
"""How this machine's steps call it: from the checkout, in whose folder the steps run."""
FOLDER = ".sertantai/host"
"""Where it is on a host, from the home folder of the user on."""
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
    """Its name on a host: another one for every version, since a file that is replaced fails at its next import."""
    return f"{hashlib.sha256(packed()).hexdigest()[:12]}.pyz"


def digest(folder: str) -> str:
    """What the shell scripts in host/shell/<folder> do, as a short hash: another comment makes no other one."""
    lines = [
        line for file in sorted((SOURCES / "shell" / folder).glob("*.sh")) for line in file.read_text().splitlines()
    ]
    does = [line for line in lines if not line.lstrip().startswith("#")]
    return hashlib.sha256("\n".join(does).encode()).hexdigest()[:12]


def put(to_host: str) -> str:
    """On the operator's machine: copies stdin to the host, unless this version is there. `to_host` is ssh's words."""
    file = f"{FOLDER}/{file_name()}"
    # In one move: another run may put the same file there, or call it.
    there = f"[ -e {file} ] || {{ umask 077 && mkdir -p {FOLDER} && cat > {file}.$$ && mv {file}.$$ {file}; }}"
    return f"{to_host} {shlex.quote(there)}"


def current() -> str:
    """Makes this version the one that steps call. The old ones stay: a step may be running one of them."""
    return f"ln -sfn {file_name()} {FOLDER}/current"


CALL = f'python3 "$(readlink -f {FOLDER}/current)"'
"""What ssh runs on the host, before the words of a verb. It resolves the link first: see `file_name`."""
