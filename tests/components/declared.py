"""The program's declarations, in a short form."""

import copy
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rehearsal import Resource, Secret
from tests.doubles.recording import declare

ROOT = Path(__file__).parents[2]
COMMAND = "command:local:Command"
CONTAINER = "docker:index/container:Container"
IMAGE = "docker:index/remoteImage:RemoteImage"
PASSWORD = "random:index/randomPassword:RandomPassword"
PROVIDER = "pulumi:providers:docker"
VOLUME = "docker:index/volume:Volume"


@dataclass(frozen=True)
class Program:
    """All declarations of one stack."""

    stack: str
    services: tuple[str, ...]
    resources: tuple[Resource, ...]

    @classmethod
    def of(cls, stack: str, *, secrets: Mapping[str, str] | None = None, **changes: Any) -> "Program":
        """The committed stack file, with added config secrets and changed `sertantai:` keys."""
        return _program(stack, tuple((secrets or {}).items()), yaml.safe_dump(changes))

    @classmethod
    def running(cls, stack: str) -> "Program":
        """The committed stack file, with no part stopped."""
        return cls.of(stack, services=services(stack))

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def all(self, kind: str) -> Iterator[Resource]:
        return (resource for resource in self.resources if resource.type == kind)

    def named(self, kind: str, name: str) -> Resource:
        return next(resource for resource in self.all(kind) if resource.name == name)

    def step(self, name: str) -> Resource:
        return self.named(COMMAND, name)

    def below(self, service: str) -> Iterator[Resource]:
        """Returns all resources of one service, at any depth."""
        parents = {resource.urn: resource.parent for resource in self.resources}
        root = self.named("sertantai:service:Service", service).urn
        for resource in self.resources:
            parent = resource.parent
            while parent and parent != root:
                parent = parents.get(parent, "")
            if parent == root:
                yield resource

    def after(self, resource: Resource) -> set[str]:
        """Returns the URNs of all direct and indirect dependencies of `resource`."""
        known = {each.urn: each for each in self.resources}
        found: set[str] = set()
        waiting = list(resource.dependencies)
        while waiting:
            urn = waiting.pop()
            if urn not in found and urn in known:
                found.add(urn)
                waiting += known[urn].dependencies
        return found

    def service_of(self, container: Resource) -> str:
        return _label(container, "sertantai.service")

    def part_of(self, container: Resource) -> str:
        return _label(container, "sertantai.part")


def services(stack: str) -> dict[str, Any]:
    """Returns the services of the committed stack file, with no part stopped."""
    blocks: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]["sertantai:services"]
    for block in blocks.values():
        block.pop("stopped", None)
    return blocks


def _label(container: Resource, name: str) -> str:
    return next(str(label["value"]) for label in container.inputs["labels"] if label["label"] == name)


@cache
def _program(stack: str, secrets: tuple[tuple[str, str], ...], changes: str) -> Program:
    document = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())
    config = copy.deepcopy(document["config"])
    for key, value in secrets:
        config[f"sertantai:{key}"] = value if stack == "local" else {"secure": value}
    for key, value in yaml.safe_load(changes).items():
        config[f"sertantai:{key}"] = value
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump({"config": config}, file)
        file.flush()
        resources = declare(stack, Path(file.name))
    return Program(stack, tuple(config["sertantai:services"]), tuple(resources))


def plain(value: Any) -> Any:
    """Returns the value of a secret."""
    return value.value if isinstance(value, Secret) else value


def secret_values(program: Program) -> list[str]:
    """Returns every generated or configured secret."""
    passwords = [str(plain(password.outputs["result"])) for password in program.all(PASSWORD)]
    auth = plain(next(program.all(PROVIDER)).inputs["registryAuth"])
    return [*passwords, *([auth[0]["password"]] if isinstance(auth, list) else [])]
