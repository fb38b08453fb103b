"""Serves a page, the headers of a request, a websocket and large bodies, all on PORT (80)."""

import os

from ..shared.service import Answer, Request, Service, as_json, say
from ..shared.websocket import echo


def answer(request: Request) -> Answer:
    """The answer at each path; any other one has the page."""
    match request.method, request.path:
        case "GET", "/ws":
            return echo(request)
        case "GET", "/headers":
            return as_json({name.lower(): value for name, value in request.headers.items()})
        case "POST", _:
            return as_json({"bytes": len(request.body)})
    return Answer(headers={"Content-Type": "text/html; charset=utf-8"}, body=b"<!doctype html><title>foreign</title>\n")


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "80"))
    say(f"listening on {port}")
    Service(port, answer).run()
