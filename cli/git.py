"""Calls git, most of all in the checkout that the stack files are in."""

import subprocess
from pathlib import Path

from .engine.engine import ROOT
from .refused import Refused

CHANGED = "+changes"
"""Follows a commit whose files have changed since."""


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Calls git in a folder, without input. Where git cannot be started, the reason is its error."""
    try:
        return subprocess.run(
            ["git", *words], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
        )
    except OSError as error:
        return subprocess.CompletedProcess(words, 127, "", f"git: cannot be started in {folder}: {error.strerror}")


def commit() -> str:
    """Returns the checkout's commit, with a mark if its files have changed. Empty outside a checkout."""
    head = _git("rev-parse", "--short=12", "HEAD")
    if head is None:
        return ""
    return head + (CHANGED if _git("status", "--porcelain", "--untracked-files=no") else "")


def check_can_commit(file: Path) -> None:
    """Raises `Refused` unless a commit of this file alone would hold nothing but what is written next."""
    if _git("rev-parse", "HEAD") is None:
        raise Refused("--commit: this is no git checkout with a commit: leave --commit out")
    if _git("symbolic-ref", "-q", "HEAD") is None:
        raise Refused("--commit: no branch is checked out, so the commit would be lost: `git switch BRANCH` first")
    if _git("status", "--porcelain", "--", file.name):
        raise Refused(f"--commit: {file.name} has changes that are not committed: commit or undo them first")


def commit_file(file: Path, message: str) -> str:
    """Commits this file alone and returns the commit. Raises `Refused` with git's reason."""
    result = run(ROOT, "commit", "--quiet", "-m", message, "--", file.name)
    if result.returncode:
        raise Refused(f"--commit: git refuses: {(result.stderr or result.stdout).strip()}")
    return _git("rev-parse", "--short=12", "HEAD") or ""


def _git(*words: str) -> str | None:
    result = run(ROOT, *words)
    return None if result.returncode else result.stdout.strip()
