"""The git checkout of a build's context: its commit, what differs from it, and where it comes from."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .. import git
from ..refused import Refused

DIRTY = "-dirty"
SHORT = 9
MAX_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A commit, and the files below a folder that differ from it."""

    commit: str
    changed: tuple[str, ...]
    source: str
    """The repository's address on the web. Empty without a remote."""

    @property
    def tag(self) -> str:
        """The tag of an image of this state."""
        return self.commit[:SHORT] + (DIRTY if self.changed else "")


def read(folder: Path) -> Checkout | None:
    """Returns the state of the checkout that a folder is in. None: there is none, or no commit, or no git."""
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return None
    changed = _git(folder, "status", "--porcelain", "--", ".")
    return Checkout(
        commit=commit,
        changed=tuple(line[3:] for line in changed.splitlines()),
        source=web_address(_git(folder, "remote", "get-url", "origin")),
    )


def refuse_changes(checkout: Checkout, setting: str) -> None:
    """Raises `Refused` if files differ from the commit: an image must be what its tag says."""
    if checkout.changed:
        shown = ", ".join(checkout.changed[:MAX_SHOWN])
        more = len(checkout.changed) - MAX_SHOWN
        raise Refused(
            f"{setting}: not committed: {shown}{f' and {more} more' if more > 0 else ''}: "
            "commit first, or use --allow-dirty"
        )


def web_address(remote: str) -> str:
    """Returns a remote's address without user and password, as https where it is reached by SSH."""
    if match := re.fullmatch(r"(?:[^@/]+@)?([^:/]+):(?!/)(.+)", remote):  # git@github.com:owner/name.git
        host, path = match[1], match[2]
    else:
        parts = urlsplit(remote)
        host, path = parts.hostname or "", parts.path.lstrip("/")
    return f"https://{host}/{path.removesuffix('.git')}" if host else ""


def _git(folder: Path, *words: str) -> str:
    """Returns git's answer, and an empty text if it has none."""
    result = git.run(folder, *words)
    if "dubious ownership" in result.stderr:
        raise Refused(f"git: {folder} belongs to another user: `git config --global --add safe.directory {folder}`")
    return result.stdout.rstrip("\n")
