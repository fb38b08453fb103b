"""What the gateway has and serves: its files, certificates and notices, and the errors in its log."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from threading import Timer
from typing import Any

from . import docker, files, x509
from .failure import Failure
from .gateway import VOLUME

TIMEOUT_S = 4
WINDOW_S, MOST_LINES = 300, 20_000
LINE = re.compile(r'\S+ \[(?P<time>[^\]]+)\] (?P<host>\S+) "[^"]*" (?P<status>\d{3}) \d+ \S+ (?P<upstream>\S+)')
"""A line of the access log: see render/templates/nginx.conf.j2."""
NOT_ASKED = "-"
"""nginx has answered by itself."""
UPSTREAM = re.compile(r"upstream (\S+) \{")
SERVER = re.compile(r"server (\S+):\d+ resolve;")


def read(container: str) -> dict[str, Any]:
    """Returns `files` that differ from what a step has written, `serving` containers by upstream, `maintenance`,
    `certificates` and `placeholders`. Raises a `Failure`.
    """
    result = docker.execute(container, ["bash", "-c", files.shell("look"), "look", VOLUME], timeout_s=TIMEOUT_S)
    if result.code or not result.out:  # on a busy machine, Docker sometimes loses an answer
        raise Failure(result.error.strip() or f"no answer, exit code {result.code}")
    return parse(result.out.splitlines())


def parse(lines: Iterable[str]) -> dict[str, Any]:
    """Returns what host/shell/look.sh has printed."""
    sums: dict[str, str] = {}
    marks: dict[str, str] = {}
    seen: dict[str, Any] = {"serving": {}, "maintenance": [], "certificates": {}, "placeholders": []}
    upstream = ""
    for line in lines:
        kind, name, *rest = line.split(maxsplit=2)
        text = rest[0] if rest else ""
        if kind == "file":
            sums[name] = text
        elif kind == "mark":
            marks[name] = text.split()[0]
        elif kind == "maintenance":
            seen["maintenance"] += [name] if name not in seen["maintenance"] else []
        elif kind == "certificate":
            _certificate(seen, name, text)
        elif begun := UPSTREAM.match(text):
            upstream = begun[1]
        elif server := SERVER.match(text):
            seen["serving"].setdefault(upstream, []).append(server[1])
    changed = sorted(name for name, written in marks.items() if sums.get(name) != written)
    return seen | {"sites": sorted(_site(name) for name in sums if _site(name)), "changed": changed}


def errors(container: str, sites: Mapping[str, Sequence[str]]) -> dict[str, dict[str, int]]:
    """Returns the requests and server errors of the last minutes, by site. `sites` has the names of each."""
    words = ("--since", f"{WINDOW_S}s", "--tail", str(MOST_LINES))
    try:
        process = docker.stream_output("logs", *words, container, environment=os.environ)
    except FileNotFoundError:
        raise Failure(docker.NO_PROGRAM) from None
    limit = Timer(TIMEOUT_S, process.kill)
    with process:
        limit.start()
        try:
            counted = count(process.stdout or (), sites)
        finally:
            limit.cancel()
    if process.returncode:
        is_late = process.returncode < 0
        raise Failure(f"no answer within {TIMEOUT_S} s" if is_late else f"docker logs: exit code {process.returncode}")
    return counted


def count(
    lines: Iterable[str], sites: Mapping[str, Sequence[str]], most: int = MOST_LINES
) -> dict[str, dict[str, int]]:
    """Returns the same of lines of the log. `seconds` is the time that these lines span: less if `most` cut the log.

    It keeps no line: each may have 8 kB, and the watch container has little memory. A 503 of nginx itself is no error:
    a notice, a part that is stopped on purpose, or a request held for too long.
    """
    site_of = {host: site for site, hosts in sites.items() for host in hosts}
    counted: dict[str, dict[str, int]] = {}
    read, first, last = 0, "", ""
    for line in lines:
        read += 1
        request = LINE.match(line)
        if not request:
            continue
        first, last = first or request["time"], request["time"]
        site = site_of.get(request["host"])
        if site is None:
            continue
        counts = counted.setdefault(site, {"requests": 0, "errors": 0})
        counts["requests"] += 1
        is_own = request["upstream"] == NOT_ASKED and request["status"] == "503"
        counts["errors"] += request["status"].startswith("5") and not is_own
    span = _span(first, last) if read >= most and first else WINDOW_S
    return {site: {**counts, "seconds": span} for site, counts in counted.items()}


def _span(first: str, last: str) -> int:
    return max(1, round((datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()))


def _certificate(seen: dict[str, Any], host: str, text: str) -> None:
    try:
        dates = x509.dates(text)
    except x509.Damaged:
        return  # as if there were none
    if dates is None:
        seen["placeholders"].append(host)
    else:
        seen["certificates"][host] = {"issued": dates[0], "expires": dates[1]}


def _site(file: str) -> str:
    """Returns the site of a file, or an empty text for nginx.conf."""
    return file[len("sites/") : -len(".conf")] if file.startswith("sites/") else ""
