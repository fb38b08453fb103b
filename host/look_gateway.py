"""What the gateway has and serves: its files, certificates and notices, and the errors in its log."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
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
    result = docker.run("logs", *words, container, timeout_s=TIMEOUT_S)
    if result.code:
        raise Failure(result.error.strip().splitlines()[-1] if result.error.strip() else f"exit code {result.code}")
    lines, others = result.out.splitlines(), result.error.splitlines()
    return count(lines, sites, is_cut=len(lines) + len(others) >= MOST_LINES)


def count(lines: Sequence[str], sites: Mapping[str, Sequence[str]], *, is_cut: bool) -> dict[str, dict[str, int]]:
    """Returns the same of lines of the log. `seconds` is the time that these lines span: less if the log is cut.

    A 503 of nginx itself is no error: a notice, a part that is stopped on purpose, or a request held for too long.
    """
    site_of = {host: site for site, hosts in sites.items() for host in hosts}
    requests = [match for match in map(LINE.match, lines) if match]
    span = _span(requests[0]["time"], requests[-1]["time"]) if is_cut and requests else WINDOW_S
    counted: dict[str, dict[str, int]] = {}
    for request in requests:
        site = site_of.get(request["host"])
        if site is None:
            continue
        counts = counted.setdefault(site, {"requests": 0, "errors": 0, "seconds": span})
        counts["requests"] += 1
        is_own = request["upstream"] == NOT_ASKED and request["status"] == "503"
        counts["errors"] += request["status"].startswith("5") and not is_own
    return counted


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
