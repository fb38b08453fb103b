"""A project whose engine is a stand-in: it writes events, and records how it was called."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from cli import git
from cli.engine import engine, program, runner, state
from cli.registry import registry_login
from cli.release import deploy, history, planning, releasing
from cli.server import reach
from cli.stack import services


def digest(character: str) -> str:
    """Returns a digest of this character."""
    return f"sha256:{character * 64}"


STACK_FILE = f"""config:
  sertantai:host: {{kind: local}}
  sertantai:nginx: {{image: "nginx:1"}}
  sertantai:services:
    legal: # the first
      app:
        image: r.test/o/app:1
        port: 4000
        migrate: [migrate]
      frontend: {{image: "r.test/o/frontend:1@{digest("f")}"}}
      electric: {{image: "electric:1", restart_generation: 1}}
    auth:
      app: {{image: "r.test/o/app:1", port: 4001}}
"""
# Prints what is in the file of its verb, and exits with the code in the file `code`.
ENGINE = """#!/bin/sh
echo "$* running=$([ -n "$SERTANTAI_RUNNING" ] && cat "$SERTANTAI_RUNNING")" >> called
cp Pulumi.*.yaml seen/
[ "$1" = stack ] && cat state && exit 0
cat "$1.jsonl" 2>/dev/null
exit "$(cat code)"
"""
OWN = "urn:pulumi:trial::sertantai::sertantai:service:Service"


def resource(kind: str, urn: str, name: str, parent: str = "") -> dict[str, Any]:
    return {"type": kind, "urn": urn, "parent": parent, "inputs": {"name": name}}


def image(name: str, image: str, service: str = "legal") -> dict[str, Any]:
    kind = "docker:index/remoteImage:RemoteImage"
    return resource(kind, f"{OWN}${kind}::{name}-image", image, f"{OWN}::{service}")


def step(name: str, operation: str = "create", kind: str = "command:local:Command", **metadata: Any) -> dict[str, Any]:
    """Returns the event of a step of the service that begins."""
    urn = f"{OWN}${kind}::{name}"
    return {"resourcePreEvent": {"metadata": {"op": operation, "urn": urn, "type": kind, **metadata}}}


def ended(begun: dict[str, Any]) -> dict[str, Any]:
    return {"resOutputsEvent": begun["resourcePreEvent"]}


def failed(begun: dict[str, Any], message: str) -> list[dict[str, Any]]:
    urn = begun["resourcePreEvent"]["metadata"]["urn"]
    told = {"diagnosticEvent": {"urn": urn, "severity": "error", "message": message}}
    return [told, {"resOpFailedEvent": {"metadata": {"urn": urn}}}]


SERVICE = step("legal", "same", "sertantai:service:Service")
SERVICE["resourcePreEvent"]["metadata"]["urn"] = f"{OWN}::legal"
CONTAINER = step("legal-app", "create", "docker:index/container:Container")
SWITCH = step("legal-site-switch", "update")
GATE = step("legal-app-gate", "update")


def new_image(name: str, before: str, after: str) -> dict[str, Any]:
    old, new = ({"inputs": {"name": image}} for image in (before, after))
    return step(f"{name}-image", "create-replacement", "docker:index/remoteImage:RemoteImage", old=old, new=new)


class Project:
    """A folder with a stack file and the stand-in."""

    def __init__(self, folder: Path, stack: str = "trial") -> None:
        self.folder, self.file = folder, folder / f"Pulumi.{stack}.yaml"
        self.file.write_text(STACK_FILE)
        (folder / "pulumi").write_text(ENGINE)
        (folder / "pulumi").chmod(0o755)
        (folder / "seen").mkdir()
        self.recorded: list[dict[str, Any]] = []
        self.releases: list[dict[str, Any]] = []
        self.engine(0)
        self.state()

    def engine(self, code: int, **events: list[dict[str, Any]]) -> None:
        """Sets what the engine does: its exit code, and the events of `preview` and `up`."""
        (self.folder / "code").write_text(str(code))
        for verb, stream in events.items():
            (self.folder / f"{verb}.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in stream))

    def state(self, *resources: dict[str, Any]) -> None:
        (self.folder / "state").write_text(json.dumps({"deployment": {"resources": resources}}))

    @property
    def calls(self) -> list[str]:
        """How the engine was called, without the reading of its state."""
        file = self.folder / "called"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line for line in lines if not line.startswith("stack ")]

    @property
    def applied(self) -> str:
        """The stack file as the engine's last run saw it."""
        return (self.folder / "seen" / self.file.name).read_text()

    def send(self, stack: str, stdin: str) -> str:
        self.recorded.append(json.loads(stdin))
        return ""


class NoProgram:
    """The engine's stand-in calls no program."""

    def __init__(self, folder: Path) -> None:
        self.stderr = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as the real one does

    def options(self, environment: object) -> list[str]:
        return []

    def end(self) -> None:
        pass


def new_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Returns a project which all modules take for theirs, on a host that answers."""
    project = Project(folder)
    for module in (engine, git, reach, releasing, services, state):
        monkeypatch.setattr(module, "ROOT", folder)
    monkeypatch.setattr(program, "Program", NoProgram)
    for module in (deploy, planning, releasing, runner):
        monkeypatch.setattr(module, "find_or_install", lambda: str(folder / "pulumi"))
    monkeypatch.setattr(runner, "check_host", lambda *_: True)
    monkeypatch.setattr(history, "send", project.send)
    monkeypatch.setattr(history, "read", lambda *_, **__: project.releases)
    monkeypatch.setattr(registry_login, "for_image", lambda *_: None)
    return project
