"""Where the container's files are."""

from pathlib import Path

CONFIG = Path("/etc/pgbackrest")
DATA = Path("/var/lib/postgresql/data")
STATE = Path("/var/lib/backup")
SCRATCH = STATE / "scratch"
