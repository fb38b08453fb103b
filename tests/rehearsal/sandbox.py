"""A project in its own folder, with the program `programs/listed.py`, to rehearse on this machine's Docker."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml

from rehearsal.__main__ import main
from tests.signals import reset_signals
from tests.sweeping import sweep

IMAGE = f"rehearsal-test:{os.getpid()}"
PROGRAM = Path(__file__).with_name("programs") / "listed.py"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    """The result of a run: its exit code, its JSON document and its output."""

    code: int
    document: dict[str, Any]
    shown: str

    @property
    def changes(self) -> dict[str, list[str]]:
        return {kind: names for kind, names in self.document["changes"].items() if kind != "same" and names}

    @property
    def error(self) -> str:
        return str(self.document["error"])


@dataclass
class Sandbox:
    """`resources` and the rest of `config` are declared by the next run's program."""

    folder: Path
    stack: str
    capture: pytest.CaptureFixture[str]
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)

    def run(self, *words: str) -> Result:
        """Runs a command of the rehearsal in this process. It must succeed unless `fails` says otherwise."""
        self.write()
        self.capture.readouterr()
        code = main([*words, "--stack", self.stack, "--json"])
        out, shown = self.capture.readouterr()
        return Result(code, json.loads(out), shown)

    def up(self) -> Result:
        result = self.run("up")
        assert result.code == 0, result.error
        return result

    def fails(self, *words: str) -> str:
        """Returns the error of a run that must fail."""
        result = self.run(*words)
        assert result.code == 1
        assert not result.document["ok"]
        return result.error

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Starts a command in its own process."""
        self.write()
        command = [sys.executable, "-m", "rehearsal", *words, "--stack", self.stack]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            preexec_fn=reset_signals,
        )

    def write(self) -> None:
        values = {"host": {"kind": "local"}, "resources": self.resources} | self.config
        config = {f"sertantai:{key}": value for key, value in values.items()}
        (self.folder / f"Pulumi.{self.stack}.yaml").write_text(yaml.safe_dump({"config": config}, sort_keys=False))

    def container(self, **inputs: Any) -> dict[str, Any]:
        """A container that runs until it is stopped."""
        labels = [{"label": "sertantai.stack", "value": self.stack}]
        given = {"image": IMAGE, "command": ["sleep", "1000"], "labels": labels} | inputs
        options = given.pop("options", {})
        return {
            "kind": "container",
            "inputs": given,
            "options": {"delete_before_replace": False, "replace_on_changes": ["*"]} | options,
        }

    def labelled(self, kind: str, **inputs: Any) -> dict[str, Any]:
        options = inputs.pop("options", {})
        labels = [{"label": "sertantai.stack", "value": self.stack}]
        return {
            "kind": kind,
            "inputs": {"labels": labels} | inputs,
            "options": {"delete_before_replace": False} | options,
        }

    def network(self, name: str, *words: str) -> dict[str, Any]:
        """A network as the platform declares it: a step that can run again."""
        create = f"docker network create --label sertantai.stack={self.stack} {' '.join(words)} {name}"
        return command(
            f"docker network inspect {name} || {create}",
            delete=f"for i in $(seq 100); do docker network rm {name} && exit; sleep 0.1; done; exit 1",
        )

    @property
    def state_file(self) -> Path:
        return self.folder / ".rehearsal" / self.stack / "state.json"

    def state(self) -> dict[str, Any]:
        document = json.loads(self.state_file.read_text())
        return {each["name"]: each for each in document["made"]}

    def running(self) -> list[str]:
        """Returns the names of this stack's running containers."""
        client = docker.from_env()
        wanted = {"label": f"sertantai.stack={self.stack}"}
        # A list of running containers may still contain one that has just stopped.
        found = client.containers.list(all=True, filters={**wanted}, ignore_removed=True)
        return sorted(str(each.name) for each in found if each.attrs["State"]["Running"])

    def left(self) -> dict[str, int]:
        """Returns the number of this stack's objects in Docker, by collection."""
        client, wanted = docker.from_env(), {"label": f"sertantai.stack={self.stack}"}
        counts = {
            "containers": len(client.containers.list(all=True, filters={**wanted}, ignore_removed=True)),
            "networks": len(client.networks.list(filters={**wanted})),
            "volumes": len(client.volumes.list(filters={**wanted})),
        }
        return {kind: count for kind, count in counts.items() if count}

    def log(self) -> list[str]:
        """Returns the words that commands have written to the file `log`."""
        file = self.folder / "log"
        return file.read_text().split() if file.exists() else []


def command(create: str = "true", **inputs: Any) -> dict[str, Any]:
    """A command resource."""
    options = inputs.pop("options", {})
    return {"kind": "command", "inputs": {"create": create} | inputs, "options": options}


def fresh(folder: Path, capture: pytest.CaptureFixture[str]) -> Iterator[Sandbox]:
    """A sandbox that is removed at the end."""
    stack = f"t{os.urandom(4).hex()}"
    (folder / "Pulumi.yaml").write_text("name: sertantai\nruntime: python\n")
    (folder / "__main__.py").write_text(PROGRAM.read_text())
    previous = Path.cwd()
    os.chdir(folder)
    yield Sandbox(folder, stack, capture)
    os.chdir(previous)
    sweep(f"sertantai.stack={stack}")
