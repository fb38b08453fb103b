"""Serves one page at every path, as `serve` does for a built frontend. With FAIL=unhealthy it answers 503."""

import os
from pathlib import Path

from ..shared.service import Answer, Request, Service, as_json, say

VERSION = os.environ.get("APP_VERSION", "1")
PAGE = Path(__file__).with_name("index.html").read_text().replace("{{version}}", VERSION).encode()


def answer(request: Request) -> Answer:
    """Returns the page, or the version as JSON for tests."""
    if os.environ.get("FAIL") == "unhealthy":
        return as_json({"status": "failing"}, 503)
    if request.path == "/version.json":
        return as_json({"version": VERSION})
    return Answer(headers={"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache"}, body=PAGE)


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "3000"))
    say(f"Accepting connections at http://localhost:{port}")
    Service(port, answer).run()
