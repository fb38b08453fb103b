"""Examines this machine and the server at once, and names the remedy for everything that is wrong."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

import typer
from rich.text import Text

from ..engine.engine import console
from ..engine.hints import flag
from ..engine.pinned import find
from ..refused import Refused
from ..show.views import terminal, wrapped
from ..stack import services, validate
from . import doctor_here, doctor_there
from .finding import HINT, PROBLEM, Case, Finding, problem

LIMIT_S = 9.5
INDENT = " " * 9
STYLES = {PROBLEM: "bold red", HINT: "yellow"}
Examination = Callable[[Case], Sequence[Finding]]
EXAMINATIONS: dict[str, Examination] = {
    "Python": doctor_here.python,
    "Pulumi CLI": doctor_here.pulumi,
    "state": doctor_here.state_of,
    "git": doctor_here.git,
    "stack file": doctor_here.stack_file,
    "registry": doctor_here.registry,
    "SSH key": doctor_here.ssh_key,
    "server": doctor_there.server,
    "DNS": doctor_there.dns,
    "site": doctor_there.sites,
}
"""What is examined, all at once, by the name that is shown if it does not end."""


def run(stack: str, *, as_json: bool) -> int:
    """Shows a line for each finding. Returns 1 if something is wrong. Raises `Refused`."""
    file = services.stack_file(stack)
    findings = examine(Case(stack=stack, file=file, cli=find(), settings=validate.settings_of(file)))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        _show(stack, findings)
    return 1 if any(finding.state == PROBLEM for finding in findings) else 0


def examine(case: Case, examinations: dict[str, Examination] = EXAMINATIONS, limit_s: float = LIMIT_S) -> list[Finding]:
    """Returns all findings in their order. What has not ended within the limit is a problem itself."""
    results: dict[str, Sequence[Finding]] = {}

    def work(name: str, examination: Examination) -> None:
        try:
            results[name] = examination(case)
        except Refused as refused:
            results[name] = [problem(name, str(refused))]
        except Exception as error:
            results[name] = [problem(name, f"cannot be examined: {type(error).__name__}")]

    # Daemons: one that hangs must not keep this process.
    threads = [threading.Thread(target=work, args=pair, daemon=True) for pair in examinations.items()]
    for thread in threads:
        thread.start()
    end = time.monotonic() + limit_s
    with console.status("Examining"):
        for thread in threads:
            thread.join(max(0, end - time.monotonic()))
    slow = f"has not answered within {limit_s:.0f} s"
    return [
        finding for name in examinations for finding in results.get(name, [problem(name, slow, "is the network up?")])
    ]


def _show(stack: str, findings: Sequence[Finding]) -> None:
    shown = terminal()
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        first, *rest = wrapped(shown, f"{finding.state:8}{finding.check:{width}}  {finding.text}", INDENT)
        line = Text(first)
        line.stylize(STYLES.get(finding.state, "green"), 0, 8)
        rest += wrapped(shown, f"{INDENT}-> {finding.remedy}", f"{INDENT}   ") if finding.remedy else []
        for each in (line, *map(Text, rest)):
            shown.print(each, soft_wrap=True)
    problems = sum(finding.state == PROBLEM for finding in findings)
    shown.print(f"{problems or 'no'} problem{'s' if problems > 1 else ''}, {len(findings)} checks")
    shown.print(f"what runs: ./sertantai status{flag(stack)}")
