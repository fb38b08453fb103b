"""Manners of real services that a tidy one lacks. Each is switched on by a variable, and all are off by default.

PREFIX is put before the names of the app's own variables; REQUIRES names others without which it does not boot;
FORCE_SSL answers plain HTTP with 301; FILES is the folder of its files.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from ..shared.service import Answer, Request, as_json

OWN = ("DATABASE_URL", "SECRET_KEY_BASE")
EVENTS_S = 30


def setting(name: str, default: str = "") -> str:
    """One of the app's own variables, by its name with the prefix."""
    return os.environ.get(f"{os.environ.get('PREFIX', '')}{name}", default)


def missing() -> str:
    """The name of a variable that the app needs and does not have, or an empty text."""
    prefix = os.environ.get("PREFIX", "")
    names = [*(f"{prefix}{name}" for name in OWN if prefix), *os.environ.get("REQUIRES", "").split()]
    return next((name for name in names if not os.environ.get(name)), "")


def redirect(request: Request) -> Answer | None:
    """The answer to plain HTTP under FORCE_SSL. It believes its proxy, as Phoenix does with rewrite_on."""
    if not os.environ.get("FORCE_SSL") or request.headers.get("X-Forwarded-Proto") == "https":
        return None
    host = request.headers.get("X-Forwarded-Host") or request.headers.get("Host") or ""
    return Answer(status=301, headers={"Location": f"https://{host}{request.path}"})


def events(request: Request) -> Answer:
    """Server-sent events, one each second for 30 s, without any header that asks a proxy not to buffer them."""
    seconds = float(request.query.get("seconds", [str(EVENTS_S)])[0])
    pause = float(request.query.get("every", ["1"])[0])

    def stream(end: float) -> Iterator[bytes]:
        number = 0
        while time.monotonic() < end:
            number += 1
            yield f"id: {number}\nevent: progress\ndata: {time.time():.3f}\n\n".encode()
            time.sleep(pause)
        yield b"event: done\ndata: end\n\n"

    return Answer(headers={"Content-Type": "text/event-stream"}, body=stream(time.monotonic() + seconds))


def upload(request: Request) -> Answer:
    """Takes a body of any size."""
    return as_json({"bytes": len(request.body)})


def files(request: Request) -> Answer:
    """Reads and writes files in the app's folder, by their names in the path."""
    if not (folder := os.environ.get("FILES")):
        return as_json({"error": "no folder for files"}, 404)
    name = Path(request.path).name
    file = Path(folder, name)
    try:
        if request.path.endswith("/"):
            return as_json(sorted(path.name for path in Path(folder).iterdir()))
        if request.method == "POST":
            file.write_bytes(request.body)
        return Answer(headers={"Content-Type": "application/octet-stream"}, body=file.read_bytes())
    except OSError as error:
        return as_json({"error": f"{name}: {error.strerror}"}, 404 if isinstance(error, FileNotFoundError) else 500)
