"""Compares the dump that a service declares with its database, and changes nothing."""

import json
import subprocess
import sys
from typing import Any

from host.recovery import Names
from render import sql, verb

from ..day.sessions import database_of
from ..engine.engine import ROOT
from ..engine.hints import flag
from ..refused import Refused
from ..server import at_host
from ..show.views import write
from ..stack import services

PROGRAM = [sys.executable, "-m", "components.service.restore_program"]


def run(stack: str, service: str, *, check: bool) -> int:
    """Shows the comparison. Returns 1 if the dump does not fit. Raises `Refused`."""
    block = services.find(stack, service).get("restore")
    if not isinstance(block, dict) or not block.get("dump"):
        raise Refused(
            f"services/{service}/restore: is not declared: `./sertantai dump {service} --from URL{flag(stack)}` "
            "makes a dump, and shows the block that names it"
        )
    if not check:
        raise Refused(f"--check: is missing: `up` restores {block['dump']}, once, and `restore` only compares it")
    database = database_of(stack, service)
    answer = _compare(stack, service, database, block)
    for line in [*answer["problems"], *answer["notes"]]:
        write(line)
    if answer["problems"]:
        return 1
    if not answer["compared"]:
        raise Refused(f"{database}: cannot be compared: it does not exist yet, or PostgreSQL does not answer")
    size = f"{answer['rows']:,} rows of {answer['tables']} tables"
    write(f"{block['dump']} fits {database}: {size}. Nothing was changed.")
    return 0


def _compare(stack: str, service: str, database: str, block: dict[str, Any]) -> dict[str, Any]:
    flags = [f"--{name.replace('_', '-')}" for name in ("replace", "disable_triggers") if block.get(name)]
    inputs = {
        "program": at_host.find_program(stack),
        "stack": stack,
        "database": database,
        "postgres": Names(stack).of("postgres"),
        "gateway": Names(stack).of("nginx"),
        "expect": block.get("expect") or {},
        "inputs": {"owner": sql.owner(database)},
    }
    result = subprocess.run(
        [*PROGRAM, service, str(block["dump"]), "--check", *flags],
        cwd=ROOT,
        input=verb.stdin(inputs),
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise Refused(at_host.reason(result.stderr, result.returncode))
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer
