"""Checks the environment and serves. FAIL: stay_202, lock (exits with the lock) or exit_after (after FAIL_AFTER_S)."""

import asyncio
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from aiohttp import web

from ..shared.database import Pool
from ..shared.service import say
from .api import Api
from .replication import Receiver, Replication
from .shapes import Shapes
from .storage import Storage

STREAM_ID = re.compile(r"[a-z_][a-z0-9_]{0,41}")
CHUNK_BYTES = 10 << 20
# After SIGTERM, it refuses new requests. It keeps the lock until requests in flight have ended, at most for this time.
SHUTDOWN_S = 15


def main() -> int:
    """Serves until SIGTERM, or returns the exit code if the environment is invalid."""
    env = os.environ
    stream_id = env.get("ELECTRIC_REPLICATION_STREAM_ID", "default")
    if "DATABASE_URL" not in env:
        say("** (RuntimeError) DATABASE_URL must be set")
        return 1
    if not env.get("ELECTRIC_SECRET") and env.get("ELECTRIC_INSECURE") != "true":
        say("** (RuntimeError) ELECTRIC_SECRET must be set unless ELECTRIC_INSECURE is true")
        return 1
    if not STREAM_ID.fullmatch(stream_id):
        say(f"** (RuntimeError) ELECTRIC_REPLICATION_STREAM_ID {stream_id!r} must match {STREAM_ID.pattern}")
        return 1
    if env.get("FAIL") == "exit_after":
        threading.Timer(float(env.get("FAIL_AFTER_S", "10")), _die).start()
    threading.excepthook = _die_with_thread
    asyncio.run(serve(stream_id))
    raise AssertionError("serve() ends the process")


async def serve(stream_id: str) -> None:
    """Answers requests and reads the stream until SIGTERM. Releases the slot last, and ends the process."""
    env, publication = os.environ, f"electric_publication_{stream_id}"
    chunk_bytes = int(env.get("ELECTRIC_SHAPE_CHUNK_BYTES_THRESHOLD", CHUNK_BYTES))
    storage = Storage(Path(env.get("ELECTRIC_STORAGE_DIR", "persistent"), "shapes"), chunk_bytes, env["VERSION"])
    pool = Pool(env["DATABASE_URL"], int(env.get("ELECTRIC_DB_POOL_SIZE", "20")))
    slot, fail = f"electric_slot_{stream_id}", env.get("FAIL", "")
    replication = Replication(env["DATABASE_URL"], slot, publication, fail=fail)
    shapes = Shapes(pool, publication, storage, chunk_bytes, replication.lease)
    replication.receiver = Receiver(
        new_slot=_from_thread(shapes.clear), active=_from_thread(shapes.lead), committed=_from_thread(shapes.apply)
    )
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    api = Api(replication, shapes, storage, env.get("ELECTRIC_SECRET", ""))
    runner = web.AppRunner(api.application(), access_log=None)
    await runner.setup()
    assert runner.server
    server = await loop.create_server(runner.server, port=int(env.get("ELECTRIC_PORT", "3000")), backlog=1024)
    replication.start()
    say(f"Running the stand-in {env['VERSION']} of Electric with the stream id {stream_id}")
    await stop.wait()
    say("stopping: no new requests")
    server.close()
    await api.idle(SHUTDOWN_S)
    await asyncio.to_thread(replication.stop)
    say("stopped")
    # Requests that are still in flight are cut. No thread is waited for: one may be waiting for PostgreSQL.
    os._exit(0)


def _from_thread(task: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Returns a function for another thread. It runs the task in this loop and waits for its end."""
    loop = asyncio.get_running_loop()
    return lambda *values: asyncio.run_coroutine_threadsafe(task(*values), loop).result()


def _die_with_thread(fault: threading.ExceptHookArgs) -> None:
    """Ends the process if the replication thread fails: without this thread, Electric would only seem active."""
    threading.__excepthook__(fault)
    _die()


def _die() -> None:
    say("** (EXIT) the supervisor gave up: shutdown")
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
