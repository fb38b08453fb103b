"""Calls verbs of the program on a stack's host, without a run of `up`."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from components.machine import host_program
from render import ssh, verb

from ..engine.engine import ROOT, console
from ..engine.pinned import find_or_install
from ..refused import Refused
from . import reach

NOISY = "does not run commands as expected"
ASK_SHELL = "`./sertantai ssh`: what does its shell print?"
"""What is wrong, and the remedy, if the server's shell prints more than the command does."""
NO_CONNECTION = 255
"""ssh's exit code if it cannot connect."""
NO_VERB = re.compile(r"argument verb: invalid choice|python\S*: can't (open file|find '__main__' module)")
"""What an older program says, and what Python says without one."""


def program(cli: str | None, stack: str) -> list[str]:
    """Returns the command that calls the program on the stack's host. A verb's line is its last argument."""
    config = reach.write_config(cli or "", stack)
    return ["ssh", "-F", str(config), ssh.alias(stack), host_program.COMMAND] if config else host_program.LOCAL_COMMAND


def find_program(stack: str) -> list[str]:
    """Returns the same for a stack whose host must exist. Raises `Refused`."""
    if not (ROOT / f"Pulumi.{stack}.yaml").exists():
        raise Refused(f"--stack: there is no file Pulumi.{stack}.yaml")
    command = program(find_or_install(), stack)
    if command is host_program.LOCAL_COMMAND and not reach.is_local(stack):
        raise Refused(f"host: the stack {stack} has no server yet: run `make up STACK={stack}`")
    return command


def run(stack: str, *words: str, stdin: str = "") -> int:
    """Calls a verb and shows its output while it runs. Returns the exit code."""
    command = [*find_program(stack), verb.line(*words)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        if process.stdin:
            process.stdin.write(stdin)
            process.stdin.close()
        for line in process.stdout or ():
            console.print(line.rstrip("\n"), soft_wrap=True, markup=False)
    return process.returncode


def read(stack: str, *words: str) -> str:
    """Calls a verb and returns its output. Raises `Refused` with its reason."""
    command = [*find_program(stack), verb.line(*words)]
    result = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode:
        raise Refused(reason(result.stderr or result.stdout, result.returncode))
    return result.stdout


def read_json(stack: str, *words: str) -> Any:
    """Calls a verb and returns the value that it prints. Raises `Refused` with its reason."""
    return parse(read(stack, *words))


def parse(output: str) -> Any:
    """Returns the value that a verb has printed. Raises `Refused` if something else has printed too."""
    try:
        return json.loads(output)
    except ValueError:
        raise Refused(f"server: {NOISY}; {ASK_SHELL}") from None


def reason(error: str, code: int) -> str:
    """Returns why a verb has failed, from what it or ssh has said, and the exit code."""
    lines = error.strip().splitlines()
    last = lines[-1] if lines else "gives no reason"
    if code == NO_CONNECTION:
        return f"host: cannot be reached: {last}"
    if NO_VERB.search(error):
        return "host: has no program that knows this: run up, which installs it"
    if not lines or any(line.startswith("Traceback") for line in lines):
        return f"host: {last}"
    return error.strip()


def save(stack: str, to: Path, *words: str) -> None:
    """Calls a verb and writes its output to a private file, atomically. Raises `Refused` with its reason."""
    command = [*find_program(stack), verb.line(*words)]
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(f"{to.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        with part.open("wb") as file:
            result = subprocess.run(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE, text=True
            )
        if result.returncode:
            raise Refused(reason(result.stderr, result.returncode))
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
