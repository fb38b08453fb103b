"""`--version`: which version of the project this is."""

import tomllib

from . import git
from .engine.engine import ROOT


def version() -> str:
    """Returns the project's version, and the commit of its checkout if it is one."""
    number = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    commit = git.commit()
    return f"sertantai {number}" + (f", commit {commit}" if commit else "")
