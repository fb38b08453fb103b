"""Boots, or says why not, and serves. FAIL is one of stay_202 and exit_after (FAIL_AFTER_S)."""

import os
import re
import sys
import threading
from pathlib import Path

from ..shared.database import Pool
from ..shared.service import Service, say
from .api import Api
from .replication import Replication
from .shapes import Shapes

STREAM_ID = re.compile(r"[a-z_][a-z0-9_]{0,41}")


def main() -> int:
    """Serve until SIGTERM; the exit status."""
    env = os.environ
    fail, stream_id = env.get("FAIL", ""), env.get("ELECTRIC_REPLICATION_STREAM_ID", "default")
    if "DATABASE_URL" not in env:
        say("** (RuntimeError) DATABASE_URL must be set")
        return 1
    if not env.get("ELECTRIC_SECRET") and env.get("ELECTRIC_INSECURE") != "true":
        say("** (RuntimeError) ELECTRIC_SECRET must be set unless ELECTRIC_INSECURE is true")
        return 1
    if not STREAM_ID.fullmatch(stream_id):
        say(f"** (RuntimeError) ELECTRIC_REPLICATION_STREAM_ID {stream_id!r} must match {STREAM_ID.pattern}")
        return 1
    if fail == "exit_after":
        threading.Timer(float(env.get("FAIL_AFTER_S", "10")), _die).start()
    pool = Pool(env["DATABASE_URL"], int(env.get("ELECTRIC_DB_POOL_SIZE", "20")))
    publication = f"electric_publication_{stream_id}"
    shapes = Shapes(pool, publication, Path(env.get("ELECTRIC_STORAGE_DIR", "persistent"), "shapes"))
    replication = Replication(
        env["DATABASE_URL"],
        f"electric_slot_{stream_id}",
        publication,
        on_new_slot=shapes.clear,
        stuck=fail == "stay_202",
    )
    service = Service(
        int(env.get("ELECTRIC_PORT", "3000")), Api(replication, shapes, env.get("ELECTRIC_SECRET", "")).answer
    )
    replication.start()
    say(f"Running the stand-in {env['VERSION']} of Electric with the stream id {stream_id}")
    service.run(on_stop=replication.stop)
    return 0


def _die() -> None:
    say("** (EXIT) the supervisor gave up: shutdown")
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
