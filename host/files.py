"""The program's files: SQL for psql, and shell scripts for containers, which have no Python."""

import zipfile
from pathlib import Path

SUFFIXES = (".py", ".sql", ".sh")
"""Of all files of the program."""


def sql(name: str) -> str:
    """Returns the text of host/sql/<name>.sql."""
    return _read(Path("sql", f"{name}.sql"))


def shell(name: str) -> str:
    """Returns the text of host/shell/<name>.sh."""
    return _read(Path("shell", f"{name}.sh"))


def sources() -> dict[str, bytes]:
    """Returns all files of the program by their paths, such as host/files.py."""
    folder = Path(__file__).parent
    if folder.exists():
        paths = [path for path in sorted(folder.rglob("*")) if path.suffix in SUFFIXES]
        return {f"{folder.name}/{path.relative_to(folder)}": path.read_bytes() for path in paths}
    with zipfile.ZipFile(globals()["__loader__"].archive) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name.startswith(f"{folder.name}/")}


def _read(file: Path) -> str:
    path = Path(__file__).parent / file
    if path.exists():
        return path.read_text()
    loader = globals()["__loader__"]  # packed: the file is in the archive
    return bytes(loader.get_data(str(path))).decode()
