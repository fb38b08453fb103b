"""The server's commands and files, and the lock for its settings."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from . import lock
from .docker import Output
from .failure import Failure

LOCK_WAIT_S = 600
TEMPORARY = ".sertantai"
"""The name of a temporary file in a configuration folder: no program reads a file of this name."""


def run(*words: str, environment: Mapping[str, str] | None = None) -> Output:
    """Runs a command. Code 127: the command does not exist."""
    try:
        result = subprocess.run(
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
    return Output(result.returncode, result.stdout, result.stderr)


def check_output(*words: str) -> str:
    """Runs a command and returns its output. Raises a `Failure` if it fails."""
    result = run(*words)
    if result.code:
        raise Failure(f"host: {' '.join(words)} failed with exit code {result.code}: {last_line(result)}; run up again")
    return result.out


def succeeds(*words: str) -> bool:
    """Whether a command succeeds."""
    return run(*words).code == 0


def last_line(result: Output) -> str:
    """Returns the last line of a command's output."""
    return (result.error.strip() or result.out.strip() or "no output").splitlines()[-1]


def write(path: Path, content: str) -> None:
    """Writes a file that everyone may read, atomically."""
    temporary = path.with_name(TEMPORARY)
    temporary.write_text(content)
    temporary.chmod(0o644)
    temporary.replace(path)


@contextmanager
def lock_settings() -> Iterator[None]:
    """Allows one step at a time to change the server's settings and mounts."""
    busy = f"host: another run has been changing the server's settings for {LOCK_WAIT_S // 60} minutes; run up again"
    with lock.acquire("sertantai-settings", LOCK_WAIT_S, busy):
        yield
