"""Compares declared resources with the state, and creates, updates, replaces or deletes them."""

import json
import os
import secrets
import string
import subprocess
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from docker.errors import APIError, NotFound

from local.errors import Trouble
from local.machine import connect
from local.owner import REHEARSAL
from settings import StackFile

from .inputs import INPUTS, check, container, labels, more_networks
from .monitor import Monitor
from .state import Resource, Secret, State, folder, plain

ALPHABET = string.ascii_letters + string.digits
ON_DOCKER = {"Volume": "volumes", "RemoteImage": "images", "Container": "containers"}


class Engine(Monitor):
    """Creates and changes the declared resources, and records each step. With `dry_run` it only plans."""

    def __init__(self, stack: StackFile, say: Callable[[str], None], *, dry_run: bool = False) -> None:
        super().__init__(say)
        self.docker, self.state, self.dry_run = connect(), State(folder(stack)), dry_run
        self.logins: dict[str, dict[str, str]] = {}

    def make(self, new: Resource) -> Resource:
        """Changes the resource from its state to its declaration."""
        if new.type not in INPUTS:
            for login in json.loads(plain(new.inputs).get("registryAuth", "[]")):
                self.logins[login["address"].rpartition("//")[2]] = {k: login[k] for k in ("username", "password")}
            return replace(new, id="rehearsal" if new.custom else "")
        old = self.state.resources.get(new.urn)
        change, _ = self.changes[new.urn] = self._plan(new, old)
        if change != "same" and not self.dry_run:
            return self._apply(change, new, old)
        kept = old if change in ("same", "update") else None
        outputs = kept.outputs if kept and (change == "same" or new.kind == "Container") else {}
        new = replace(new, id=kept.id if kept else "", outputs=outputs)
        if new != old and not self.dry_run:
            with self.state.saved():
                self.state.resources[new.urn] = new
        return new

    def call(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        """Calls a provider's function, at preview too, since it changes nothing."""
        check(token, args)
        if "command" in args:
            return args | _shell(args["command"], args)
        login = self.logins.get(args["name"].partition("/")[0])
        image = self.docker.api.inspect_distribution(args["name"], login)  # type: ignore[no-untyped-call]
        return args | {"id": args["name"], "sha256Digest": image["Descriptor"]["digest"]}

    def finish(self) -> None:
        """Deletes replaced resources, and those that the program no longer declares."""
        undeclared = self.state.dependents_first(self.state.resources.keys() - self.declared.keys())
        if protected := [resource.title for resource in undeclared if resource.options.get("protect")]:
            raise Trouble("\n".join(f"{title}: is protected, but no longer declared" for title in protected))
        self.remove(undeclared)

    def remove(self, resources: list[Resource]) -> None:
        """Deletes replaced resources, then these resources in their order."""
        self.declared |= {resource.urn: resource for resource in resources}
        self.changes |= {resource.urn: ("delete", []) for resource in resources}
        for resource in [] if self.dry_run else [*reversed(self.state.replaced), *resources]:
            with self.step(resource.title):
                self._delete(resource)

    def _plan(self, new: Resource, old: Resource | None) -> tuple[str, list[str]]:
        thing: Any = self._on_docker(old.kind, old.id) if old else None
        if old is None or (old.kind in ON_DOCKER and thing is None):
            return "create", []
        before, after = plain(old.inputs), plain(new.inputs)
        names = sorted(name for name in before | after if before.get(name) != after.get(name))
        if not names:
            stopped = old.kind == "Container" and thing.status in ("created", "exited", "dead")
            return ("update", ["stopped"]) if stopped else ("same", [])
        if new.kind == "Command":
            return "replace" if "triggers" in names else "update", names
        if new.options.get("protect") and not new.options.get("retain_on_delete"):
            raise Trouble(f"is protected, and a change of {', '.join(names)} would replace it")
        return "replace", names

    def _on_docker(self, kind: str, name: str) -> Any:
        """Returns Docker's object of this kind by name or id, or None."""
        try:
            return getattr(self.docker, ON_DOCKER[kind]).get(name) if kind in ON_DOCKER else None
        except NotFound:
            return None

    def _apply(self, change: str, new: Resource, old: Resource | None) -> Resource:
        if old and change == "replace" and new.options.get("delete_before_replace"):
            self._delete(old)
            old = None
        if old and change == "update" and new.kind == "Container":
            self.docker.api.start(old.id)
            new = replace(new, id=old.id, outputs=old.outputs)
        else:
            id_, outputs = self._create(new, plain(new.inputs))
            secret = {"stdout", "stderr"} if any(isinstance(value, Secret) for value in new.inputs.values()) else set()
            secret |= {*new.options.get("additional_secret_outputs", [])}
            new = replace(new, id=id_, outputs={k: Secret(v) if k in secret else v for k, v in outputs.items()})
        with self.state.saved():
            self.state.resources[new.urn] = new
            if old and change == "replace":
                self.state.replaced.append(old)
        self.say(f"{new.title} {change}d")
        self._show(new.outputs.get("stdout", ""))
        return new

    def _show(self, output: Any) -> None:
        for line in [] if isinstance(output, Secret) else str(output).splitlines():
            self.say(f"     {line}")

    def _create(self, new: Resource, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        name = inputs.get("name") or f"{new.name}-{secrets.token_hex(4)[:7]}"
        match new.kind:
            case "Volume":
                self.docker.volumes.create(name, labels=labels(inputs))  # Docker keeps an existing volume
                return name, {"name": name}
            case "RemoteImage":
                login, image = self.logins.get(name.partition("/")[0]), self._on_docker(new.kind, name)
                for line in [] if image else self.docker.api.pull(name, auth_config=login, stream=True, decode=True):
                    if "error" in line:
                        raise APIError("", explanation=line["error"])
                return name, {}
            case "Container":
                self._clear(new, name)
                id_ = self.docker.api.create_container_from_config(container(inputs), name)["Id"]  # type: ignore[no-untyped-call]
                for network, options in more_networks(inputs).items():
                    self.docker.api.connect_container_to_network(id_, network, **options)
                self.docker.api.start(id_)
                return id_, {"name": name}
            case "Command":
                return name, _shell(inputs["create"], inputs)
        return "none", {"result": "".join(secrets.choice(ALPHABET) for _ in range(inputs["length"]))}

    def _clear(self, new: Resource, name: str) -> None:
        """Removes the container of this name that a killed run could not record. Raises for any other container."""
        if (existing := self._on_docker(new.kind, name)) is None:
            return
        wanted = {**REHEARSAL, "sertantai.stack": new.urn.split(":")[2]}
        ids = [resource.id for resource in [*self.state.resources.values()]]
        if not existing.labels.items() >= wanted.items() or existing.id in ids:
            raise Trouble(f"a container {name} exists that does not belong to this resource")
        existing.remove(force=True, v=True)

    def _delete(self, old: Resource) -> None:
        if not old.options.get("retain_on_delete"):
            self._destroy(old, plain(old.inputs))
            self.say(f"{old.title} deleted")
        with self.state.saved():
            if self.state.resources.get(old.urn) is old:
                del self.state.resources[old.urn]
            else:
                self.state.replaced.remove(old)

    def _destroy(self, old: Resource, inputs: dict[str, Any]) -> None:
        if "delete" in inputs:
            self._show(_shell(inputs["delete"], inputs)["stdout"])
        elif old.kind == "Container" and (thing := self._on_docker(old.kind, old.id)):
            thing.stop(timeout=inputs.get("destroyGraceSeconds", 0))
            thing.remove(v=True, force=True)
        elif old.kind == "Volume" and (thing := self._on_docker(old.kind, old.id)):
            thing.remove()


def _shell(command: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Runs a command like the provider. An error contains the command's output, never its stdin."""
    process = subprocess.run(
        [*inputs.get("interpreter", ["/bin/sh", "-c"]), command],
        input=inputs.get("stdin", ""),
        env={**os.environ, **inputs.get("environment", {})},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if process.returncode:
        last = (process.stderr.strip() or process.stdout.strip()).splitlines()[-20:]
        raise Trouble("\n  ".join([f"exit status {process.returncode}", *last]))
    return {"stdout": process.stdout.removesuffix("\n"), "stderr": process.stderr.removesuffix("\n")}
