"""The release's commands: `start` serves, `eval ...Release.migrate` runs the migrations.

FAIL chooses a failure: boot, nif, wrong_port, exit_after (after FAIL_AFTER_S), oom, unhealthy and healthy_once (see
web.py), migrate and migrate_hang (see migrations.py). With START_DELAY_S, it listens later. Other variables: see
manners.py.
"""

import os
import signal
import sys
import threading
import time

from ..shared.database import Pool
from ..shared.service import Service, say
from . import manners
from .migrations import migrate
from .web import Web

FAIL = os.environ.get("FAIL", "")
OOM_BYTES = 4 << 30


def main(arguments: list[str]) -> int:
    """Runs one command and returns its exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # by default the first process of a container ignores it
    if name := manners.missing():
        say(f"** (RuntimeError) environment variable {name} is missing.")
        return 1
    match arguments:
        case ["start"]:
            return start()
        case ["eval", call] if call.endswith("Release.migrate") or "Ecto.Migrator.run" in call:
            return migrate(manners.setting("DATABASE_URL"), FAIL, os.environ.get("MIGRATION", ""))
        case _:
            say(f"usage: app start | eval App.Release.migrate (not: {' '.join(arguments)})")
            return 1


def start() -> int:
    """Boots and serves until SIGTERM. Returns the exit code."""
    if FAIL == "nif":
        say("Error relocating crypto.so: EVP_PKEY_sign_message_init: symbol not found")
        return 1
    if FAIL == "boot":
        say("** (Mix) Could not start application app: App.Application.start(:normal, []) returned an error")
        return 1
    if len(manners.setting("SECRET_KEY_BASE")) < 64:
        say("** (ArgumentError) SECRET_KEY_BASE must be at least 64 bytes")
        return 1
    time.sleep(float(os.environ.get("START_DELAY_S") or 0))
    url = manners.setting("DATABASE_URL")
    web = Web(Pool(url, int(manners.setting("POOL_SIZE", "10"))) if url else None)
    if FAIL == "oom":
        threading.Thread(target=_fill_memory, daemon=True).start()
    if FAIL == "exit_after":
        threading.Timer(float(os.environ.get("FAIL_AFTER_S", "10")), _die).start()
    if "PHX_SERVER" not in os.environ:
        say("Configuration :server was not enabled for AppWeb.Endpoint, http/https services won't start")
        threading.Event().wait()
    port = int(os.environ.get("PORT", "4000")) + (FAIL == "wrong_port")
    service = Service(port, web.answer)
    say(f"Running AppWeb.Endpoint {os.environ['APP_VERSION']} at 0.0.0.0:{port} (http)")
    service.run()
    return 0


def _die() -> None:
    say("** (EXIT) the supervisor gave up: reached_max_restart_intensity")
    os._exit(1)


def _fill_memory() -> None:
    """Fills the memory up to the container's limit. Without a limit, it exits at OOM_BYTES, to protect the machine."""
    blocks: list[bytes] = []
    while len(blocks) << 24 < OOM_BYTES:
        blocks.append(b"x" * (1 << 24))
        time.sleep(0.01)
    os._exit(137)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
