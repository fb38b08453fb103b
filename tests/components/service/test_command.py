"""A command in place of the image's own."""

import json
import tempfile
from pathlib import Path
from typing import Any

import yaml

from rehearsal.monitor import run
from settings import StackFile
from tests.components.declared import CONTAINER, ROOT, Program, plain
from tests.doubles.recording import Recorder


def inputs(program: Program, step: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(str(plain(program.step(step).inputs["stdin"])))
    return read


def test_a_command_replaces_the_images_command_and_entrypoint() -> None:
    before, services = Program.of("local"), _services()
    services["legal"]["app"]["command"] = ["/app/bin/app", "start"]
    services["legal"]["frontend"]["command"] = ["serve", "-s", "build"]
    program = Program.of("local", services=services)
    for name, words in (("legal-app", ["/app/bin/app", "start"]), ("legal-frontend", ["serve", "-s", "build"])):
        container, old = program.named(CONTAINER, name).inputs, before.named(CONTAINER, name).inputs
        assert container["entrypoints"] == words
        assert {key for key in container if container[key] != old.get(key)} == {"entrypoints", "labels"}
        # The provider does not see that `entrypoints` is gone: it sees a changed label.
        [label] = [label for label in container["labels"] if label not in old["labels"]]
        assert label == {"label": "sertantai.command", "value": " ".join(words)}
    assert inputs(program, "legal-migrate")["app_command"] == ["/app/bin/app", "start"]


def test_the_migration_looks_into_an_image_without_it() -> None:
    assert "app_command" not in inputs(Program.of("local"), "legal-migrate")


class Host(Recorder):
    """A host where every image migrates at its start. `messages` are the program's own."""

    def __init__(self, services: dict[str, Any]) -> None:
        self.messages: list[str] = []
        self.images: list[str] = []
        super().__init__(self.messages.append)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            document = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())
            yaml.safe_dump({"config": document["config"] | {"sertantai:services": services}}, file)
            file.flush()
            self.stack = StackFile.read("local", Path(file.name))

    def call(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        answer = super().call(token, args)
        if args.get("command") == "boot-migrations":
            self.images = sorted(json.loads(args["stdin"])["images"])
            answer["stdout"] = "\n".join(f"services/{name}/app/command: migrates" for name in self.images)
        return answer

    def run(self, *, dry_run: bool) -> list[str]:
        run(self, self.stack, dry_run=dry_run)
        return [message.strip() for message in self.messages if "app/command" in message]


def test_a_preview_warns_of_images_that_migrate_where_no_command_is_set() -> None:
    services = _services()
    services["legal"]["app"]["command"] = ["/app/bin/app", "start"]
    del services["enforcement"]["app"]["migrate"]
    assert Host(services).run(dry_run=True) == ["services/auth/app/command: migrates"]


def test_an_up_leaves_that_to_the_migrations() -> None:
    host = Host(_services())
    assert (host.run(dry_run=False), host.images) == ([], [])


def test_a_preview_looks_into_no_image_if_every_command_is_set() -> None:
    services = _services()
    for service in services.values():
        service["app"]["command"] = ["/app/bin/app", "start"]
    host = Host(services)
    assert (host.run(dry_run=True), host.images) == ([], [])


def _services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]["sertantai:services"]
    return services
