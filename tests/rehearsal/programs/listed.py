"""Declares the resources in its stack file by name: kind, inputs, options; "$NAME.PROPERTY" is another's output."""

import json
from types import SimpleNamespace
from typing import Any

import pulumi
import pulumi_command as command
import pulumi_docker as docker
import pulumi_random as random

KINDS: dict[str, Any] = {
    "volume": docker.Volume,
    "image": docker.RemoteImage,
    "container": docker.Container,
    "command": command.local.Command,
    "password": random.RandomPassword,
    "pet": random.RandomPet,
}
REFERENCES = ("depends_on", "deleted_with", "parent", "provider")


class Group(pulumi.ComponentResource):
    """A parent of others."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:listed:Group", name, None, opts)


def resolved(value: Any) -> Any:
    """Returns the value with each reference replaced by its output."""
    if isinstance(value, str) and value.startswith("$"):
        name, _, output = value[1:].partition(".")
        return getattr(made[name], output) if output else made[name]
    if isinstance(value, str) and value.startswith("secret:"):
        return pulumi.Output.secret(value.removeprefix("secret:"))
    if isinstance(value, dict):
        return {key: resolved(each) for key, each in value.items()}
    return [resolved(each) for each in value] if isinstance(value, list) else value


config = pulumi.Config()
made: dict[str, Any] = {}
for name, image in (config.get_object("digests") or {}).items():
    made[name] = SimpleNamespace(digest=docker.get_registry_image_output(name=image).sha256_digest)
for name, block in (config.get_object("resources") or {}).items():
    options = pulumi.ResourceOptions(**resolved(block.get("options", {})))
    if block["kind"] == "group":
        made[name] = Group(name, options)
    elif block["kind"] == "provider":
        made[name] = docker.Provider(name, **resolved(block.get("inputs", {})), opts=options)
    else:
        made[name] = KINDS[block["kind"]](name, **resolved(block.get("inputs", {})), opts=options)
for name, image in (config.get_object("asked") or {}).items():
    asked = pulumi.InvokeOptions(provider=made.get("registry"))
    pulumi.export(name, docker.get_registry_image_output(name=image, opts=asked).sha256_digest)
for name, text in (config.get_object("reads") or {}).items():
    pulumi.export(name, command.local.run_output(command=text).stdout)
for name, value in json.loads(config.get("exports") or "{}").items():
    pulumi.export(name, resolved(value))
if mistakes := config.get("mistakes"):
    raise pulumi.RunError(mistakes)
