"""The program on the host, packed into one file, and where it is installed."""

import ast
import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "host"
LOCAL_COMMAND = [".venv/bin/python", "-m", "host"]
"""The command on the local host: from the checkout, which is the steps' working directory."""
FOLDER = ".sertantai/host"
"""Its folder on a host, relative to the user's home folder."""
COMMAND = f'python3 "$(readlink -f {FOLDER}/current)"'
"""The command on a host over SSH, before a verb's line. It resolves the link first: see `file_name`."""
MAIN = "import sys\nfrom host.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"


@cache
def pack() -> bytes:
    """Returns the file that `python3 FILE` runs. Its bytes depend on the sources alone: no times, no compression."""
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
    """Returns its file name on a host. Every version has its own: a replaced file would fail at its next import."""
    return f"{hashlib.sha256(pack()).hexdigest()[:12]}.pyz"


def path() -> str:
    """Returns the path of this version on a host."""
    return f"{FOLDER}/{file_name()}"


def scripts_digest(folder: str) -> str:
    """Returns a short hash of the shell scripts in host/shell/<folder>. Comments do not change it."""
    return _digest((SOURCES / "shell" / folder).glob("*.sh"), comment="#")


def backup_digest() -> str:
    """Returns a short hash of what the backup containers run: host/backup, its SQL, and the modules that it imports."""
    modules: set[Path] = set()
    waiting = [*(SOURCES / "backup").glob("*.py")]
    while waiting:
        if (module := waiting.pop()) not in modules:
            modules.add(module)
            waiting += _imported(module)
    return _digest(modules, comment="#") + _digest((SOURCES / "sql").glob("backup_*.sql"), comment="--")


def _imported(module: Path) -> Iterator[Path]:
    """Yields the modules of the program that a module imports, all by relative imports."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = module.parents[node.level - 1]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from (file for name in names if (file := folder / f"{name}.py").exists())


def _digest(files: Iterable[Path], *, comment: str) -> str:
    lines = [line for file in sorted(files) for line in file.read_text().splitlines()]
    code = [line for line in lines if not line.lstrip().startswith(comment)]
    return hashlib.sha256("\n".join(code).encode()).hexdigest()[:12]
