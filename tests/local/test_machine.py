"""Two processes set up an empty machine at the same time."""

import os
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local import machine
from local.errors import Trouble


@pytest.fixture(autouse=True)
def _locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Different paths from the real ones, which another process may use meanwhile."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def twice(what: Any, *words: str) -> None:
    with ThreadPoolExecutor() as pool:
        for each in [pool.submit(what, *words) for _ in range(2)]:
            each.result(60)


def test_packages_are_installed_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = {
        "dpkg": f"test -e {tmp_path}/installed",
        "apt-get": f"mkdir {tmp_path}/busy || exit 1; sleep 0.5; touch {tmp_path}/installed; rmdir {tmp_path}/busy",
    }
    (tmp_path / "bin").mkdir()
    for name, script in programs.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    twice(machine.ensure_packages, "a-package")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts Docker")
def test_docker_is_started_once(monkeypatch: pytest.MonkeyPatch) -> None:
    up, started = threading.Event(), list[str]()

    def connect() -> str:
        if not up.is_set():
            raise Trouble("Docker does not answer")
        return "a client"

    def start(*_: object) -> str:
        started.append("dockerd")
        time.sleep(0.5)
        up.set()
        return ""

    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(machine, "connect", connect)
    monkeypatch.setattr(machine, "_start_dockerd", start)
    monkeypatch.setattr(machine, "failure", start)
    monkeypatch.setattr(machine, "ensure_packages", lambda *_: None)
    twice(machine.ensure_docker)
    assert len(started) == 1
