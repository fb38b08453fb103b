"""A server in a folder, in place of a real one."""

import argparse
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from host import configure, dockerd, mounts, reloads, system
from render import server as settings
from tests.doubles.commands import Commands, printed

KEYS_ONLY = printed("port 22\npasswordauthentication no\n")
UNITS = [*settings.UNITS, "systemd-timesyncd"]


@dataclass
class Server:
    """A server in a folder, with all its settings."""

    root: Path
    commands: Commands
    docker: Commands
    inputs: dict[str, Any]
    capsys: pytest.CaptureFixture[str]

    def configure(self) -> list[str]:
        """Configures the server and returns the output."""
        self.commands.ran.clear()
        self.docker.ran.clear()
        self.capsys.readouterr()  # of a run that failed
        configure.run(argparse.Namespace(), self.inputs)
        return self.capsys.readouterr().out.splitlines()

    def path(self, name: str) -> Path:
        """Returns the file whose path on a server ends like this."""
        [found] = [Path(file["path"]) for file in self.inputs["files"] if file["path"].endswith(name)]
        return found

    @property
    def daemon(self) -> Path:
        return Path(self.inputs["docker"]["path"])

    def is_due(self, name: str) -> bool:
        return (self.root / "run" / name).exists()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Server:
    commands = Commands(
        {
            "sshd -T": KEYS_ONLY,
            "swapon --show": printed("/swapfile\n"),
            "sysctl -e": printed("vm.swappiness = 10\n"),
            "systemctl is-enabled docker": printed("enabled\n" * len(UNITS)),
            "systemctl is-active docker": printed("active\n" * len(UNITS)),
        }
    )
    docker = Commands({"info": printed("true\n"), "ps": printed("a1\n")})
    monkeypatch.setattr(system, "run", commands)
    monkeypatch.setattr("host.docker.run", docker)
    monkeypatch.setattr(configure, "is_root", lambda: True)
    monkeypatch.setattr(shutil, "which", lambda command: command)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for module in (reloads, dockerd):
        monkeypatch.setattr(module, "FOLDER", tmp_path / "run")
    monkeypatch.setattr(configure, "SWAP", tmp_path / "swapfile")
    monkeypatch.setattr(configure, "CLOCK", tmp_path / "systemd-timesyncd")
    monkeypatch.setattr(mounts, "FSTAB", tmp_path / "fstab")
    (tmp_path / "systemd-timesyncd").write_text("")
    (tmp_path / "systemd-timesyncd").chmod(0o755)
    inputs = settings.configuration("05:30")
    inputs["files"] = [file | {"path": f"{tmp_path}{file['path']}"} for file in inputs["files"]]
    inputs["docker"] = inputs["docker"] | {"path": f"{tmp_path}{inputs['docker']['path']}"}
    made = Server(tmp_path, commands, docker, inputs, capsys)
    made.configure()
    return made
