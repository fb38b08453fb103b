"""Calls verbs of the program on a stack's host that have this terminal, or its log, until they end."""

import getpass
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from render import ssh

from ..engine.engine import ROOT
from ..engine.hints import flag
from ..engine.pinned import find_or_install
from ..refused import Refused
from . import at_host, reach

# Colours stay. Any other control sequence of a log could change the terminal, or hide lines.
CONTROLS = re.compile(r"\x1b(?!\[[0-9;]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")


def has_terminal() -> bool:
    """Whether a person types the input and reads the output."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def caller() -> str:
    """Returns who calls, such as operator@laptop."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())  # a container's user without a name
    return f"{name}@{socket.gethostname()}"


def run(stack: str, *words: str, terminal: bool) -> int:
    """Calls a verb with this process's streams, and returns its exit code. Raises `Refused` without a connection."""
    command = at_host.find_program(stack)
    is_remote = command[0] == "ssh"
    if is_remote and terminal:
        command[1:1] = ["-t", "-q"]
    with _left_to_the_command():
        code = subprocess.call([*command, shlex.join(words)], cwd=ROOT)
    return _checked(stack, code) if is_remote else code


def lines(stack: str, *words: str) -> Iterator[str]:
    """Calls a verb and yields its lines as they arrive. Raises `Refused` with its reason, at the end."""
    with subprocess.Popen(
        [*at_host.find_program(stack), shlex.join(words)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                yield CONTROLS.sub("", line.rstrip("\n"))
        finally:
            process.terminate()
        error = process.stderr.read() if process.stderr else ""
        if (code := process.wait()) > 0:
            raise Refused(at_host.reason(error, code))


def open_ssh(stack: str, *command: str) -> int:
    """Opens a shell on the stack's host, or runs a command there. Returns the exit code."""
    config = reach.write_config(find_or_install() or "", stack)
    if not config:
        at_host.find_program(stack)  # raises `Refused` if there is no file or no server
        raise Refused(f"host: the stack {stack} is on this machine: there is no server to log in to")
    with _left_to_the_command():
        code = subprocess.call(["ssh", "-F", str(config), ssh.alias(stack), *command], cwd=ROOT)
    return _checked(stack, code)


def _checked(stack: str, code: int) -> int:
    """Returns the exit code of ssh. Raises `Refused` if it is of ssh itself."""
    if code == at_host.NO_CONNECTION:
        raise Refused(f"host: the connection over SSH failed or broke: `./sertantai doctor{flag(stack)}` shows why")
    return code


@contextmanager
def _left_to_the_command() -> Iterator[None]:
    """Leaves Ctrl-C to the command that has the terminal."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
