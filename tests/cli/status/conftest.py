"""The stand-in of a stack's host."""

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest

from cli.server import at_host

from .seeing import Answer


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Answer:
    """A host that answers as it is told."""

    def answer(values: dict[str, Any] | None = None, *, error: str = "", code: int = 0, wait_s: int = 0) -> None:
        (tmp_path / "answer").write_text(json.dumps(values) if values else "")
        program = tmp_path / "ssh"
        lines = ["#!/bin/sh", f"cat > {tmp_path}/asked", f'printf %s "$*" > {tmp_path}/words', f"sleep {wait_s}"]
        program.write_text(
            "\n".join([*lines, f"cat {tmp_path}/answer", f"printf %s {shlex.quote(error)} >&2", f"exit {code}"])
        )
        program.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(at_host, "find_program", lambda _: ["ssh", "-F", "config", "trial", "program"])
    return answer
