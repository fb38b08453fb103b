"""`status`: what a stack's host has and does now, compared with the stack file. It asks no engine and no registry."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from render import verb
from render.declared import declared
from settings import Mistakes, parse, report

from ..engine.engine import ROOT
from ..refused import Refused
from ..server import at_host
from ..show import views
from ..stack import services
from ..words import count
from . import status_page, status_rows, status_screen, status_service
from .status_drift import drift

CONNECT_S, LIMIT_S = 4, 15


def show(stack: str, service: str | None, *, as_json: bool, page: Path | None) -> int:
    """Shows the status, or writes it as a page. Returns 1 if there are problems. Raises `Refused`."""
    if service:
        services.find(stack, service)
    seen = look(stack)
    if service and "declared" in seen:
        seen = status_service.only(seen, service)
    if as_json:
        views.write(json.dumps(seen))
    else:
        _show(stack, service, seen, page)
    return 1 if seen["problems"] else 0


def look(stack: str) -> dict[str, Any]:
    """Returns what the host sees, and the drift. If the host cannot be asked, that is the one problem."""
    file = services.stack_file(stack)
    try:
        expected = declared(parse(file.project_values(), file.project_secrets()))
    except Mistakes as mistakes:
        raise Refused(report(stack, mistakes.lines)) from None
    try:
        seen = _read(stack, expected)
    except Refused as refused:
        return {"problems": [{"key": "host", "text": str(refused)}], "drift": []}
    seen["declared"] = expected  # in the order of the file
    return {**seen, "drift": drift(seen)}


def _read(stack: str, expected: Mapping[str, Any]) -> dict[str, Any]:
    """Calls the verb on the host. Raises `Refused` if that cannot be done soon."""
    command = at_host.find_program(stack)
    if command[0] == "ssh":
        command[1:1] = ["-o", f"ConnectTimeout={CONNECT_S}", "-o", "ServerAliveInterval=3"]
    try:
        result = subprocess.run(
            [*command, verb.line("status", stack)],
            cwd=ROOT,
            input=verb.stdin(expected),
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        raise Refused(f"host: gives no answer within {LIMIT_S} s") from None
    if result.returncode:
        raise Refused(at_host.reason(result.stderr, result.returncode))
    return dict(at_host.parse(result.stdout))


def _show(stack: str, service: str | None, seen: Mapping[str, Any], page: Path | None) -> None:
    name = f"{stack}/{service}" if service else stack
    problems = seen["problems"]
    title = f"{name}: {count(len(problems), 'problem') if problems else 'good'}"
    sections = []
    if "declared" in seen:
        sections = status_service.sections(seen, service) if service else status_rows.every(seen)
    verdict = status_rows.verdict(seen)
    if page:
        status_page.write(page, title, seen.get("time", ""), verdict, sections)
        views.write(f"{page}: written; {title}")
    else:
        status_screen.show(title, verdict, sections)
