"""Where the container's files are."""

from pathlib import Path

CONFIG = Path("/etc/pgbackrest")
DATA = Path("/var/lib/postgresql/data")
STATE = Path("/var/lib/backup")
SCRATCH = STATE / "scratch"
SPARE = Path("/tmp/sertantai-backup")  # noqa: S108 - the container's own file system
"""The state while the disk, which PostgreSQL uses too, takes nothing more. It is memory."""
