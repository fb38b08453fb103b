"""What `doctor` examines, and what it finds."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from settings import Settings, StackFile

OK, HINT, PROBLEM = "ok", "hint", "problem"


@dataclass(frozen=True)
class Finding:
    """One line: what was examined, its state, what is seen, and what to do."""

    check: str
    state: str
    text: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A stack as it is examined. `settings` is None if its file has mistakes; `cli` is None without a Pulumi CLI."""

    stack: str
    file: StackFile
    cli: str | None
    settings: Settings | None

    @cached_property
    def ssh_config(self) -> Path | None:
        """OpenSSH's configuration. None: there is no server, or none yet."""
        from ..server import reach

        return reach.write_config(self.cli, self.stack) if self.cli else None


def ok(check: str, text: str) -> Finding:
    """Returns what is as it must be."""
    return Finding(check, OK, text)


def hint(check: str, text: str, remedy: str = "") -> Finding:
    """Returns what may be on purpose."""
    return Finding(check, HINT, text, remedy)


def problem(check: str, text: str, remedy: str = "") -> Finding:
    """Returns what is wrong."""
    return Finding(check, PROBLEM, text, remedy)
