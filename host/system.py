"""The server itself: its commands, its files, and the one lock for its settings."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from . import lock
from .docker import Output
from .failure import Failure

LOCK_WAIT_S = 600
ASIDE = ".sertantai"
"""The name of a file that is being written: no program reads it, whatever the folder is for."""


def run(*words: str, environment: Mapping[str, str] | None = None) -> Output:
    """Runs a command. Code 127: there is no such command."""
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        return Output(127, "", str(error))
    return Output(done.returncode, done.stdout, done.stderr)


def must(*words: str) -> str:
    """What a command prints that has no reason to fail."""
    done = run(*words)
    if done.code:
        raise Failure(f"host: {' '.join(words)} failed with exit code {done.code}: {last_line(done)}; run up again")
    return done.out


def succeeds(*words: str) -> bool:
    """Whether a command ends well."""
    return run(*words).code == 0


def last_line(done: Output) -> str:
    """The last line of what a command printed."""
    return (done.error.strip() or done.out.strip() or "no output").splitlines()[-1]


def write(path: Path, content: str) -> None:
    """A file that everyone may read, written in one move."""
    aside = path.with_name(ASIDE)
    aside.write_text(content)
    aside.chmod(0o644)
    aside.replace(path)


@contextmanager
def alone() -> Iterator[None]:
    """One step at a time changes the server's settings and mounts."""
    taken = f"host: another run has been at the server's settings for {LOCK_WAIT_S // 60} minutes; run up again"
    with lock.held("sertantai-settings", LOCK_WAIT_S, taken):
        yield
