"""The program's files: SQL for psql, and shell scripts for containers, which have no Python."""

from pathlib import Path


def sql(name: str) -> str:
    """Returns the text of host/sql/<name>.sql."""
    return _read(Path("sql", f"{name}.sql"))


def shell(name: str) -> str:
    """Returns the text of host/shell/<name>.sh."""
    return _read(Path("shell", f"{name}.sh"))


def _read(file: Path) -> str:
    path = Path(__file__).parent / file
    if path.exists():
        return path.read_text()
    loader = globals()["__loader__"]  # packed: the file is in the archive
    return bytes(loader.get_data(str(path))).decode()
