"""Decides, beside the state, what a declaration means - create, update, replace, delete or nothing - and does it."""

import json
import os
import secrets
import string
import subprocess
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from .errors import Trouble
from .inputs import INPUTS, OWNER, check, container, labels
from .machine import connect
from .monitor import Monitor
from .state import Resource, Secret, Stack, State, plain

ALPHABET = string.ascii_letters + string.digits
ON_DOCKER = {"Network": "networks", "Volume": "volumes", "RemoteImage": "images", "Container": "containers"}


class Engine(Monitor):
    """Makes what is declared, each step recorded as it ends; with `dry` it only plans. `say` tells the user."""

    def __init__(self, stack: Stack, say: Callable[[str], None], *, dry: bool = False) -> None:
        super().__init__(say)
        self.docker, self.state, self.dry = connect(), State(stack.folder), dry
        self.logins: dict[str, dict[str, str]] = {}

    def make(self, new: Resource) -> Resource:
        """Takes the step that leads from what there is to this."""
        if new.type not in INPUTS:
            for each in json.loads(plain(new.inputs).get("registryAuth", "[]")):
                self.logins[each["address"].rpartition("//")[2]] = {k: each[k] for k in ("username", "password")}
            return replace(new, id="rehearsal" if new.custom else "")
        old = self.state.made.get(new.urn)
        what, _ = self.changes[new.urn] = self._plan(new, old)
        if what != "same" and not self.dry:
            return self._take(what, new, old)
        kept = old if what in ("same", "update") else None
        known = kept.outputs if kept and (what == "same" or new.kind == "Container") else {}
        new = replace(new, id=kept.id if kept else "", outputs=known)
        if new != old and not self.dry:
            with self.state.saved():
                self.state.made[new.urn] = new
        return new

    def call(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        """What a provider's function returns, `dry` or not: it changes nothing."""
        check(token, args)
        if "command" in args:
            return args | _shell(args["command"], args)
        login = self.logins.get(args["name"].partition("/")[0])
        found = self.docker.api.inspect_distribution(args["name"], login)  # type: ignore[no-untyped-call]
        return args | {"id": args["name"], "sha256Digest": found["Descriptor"]["digest"]}

    def finish(self) -> None:
        """Deletes what was replaced, and what the program no longer declares."""
        gone = self.state.backwards(self.state.made.keys() - self.found.keys())
        if protected := [each.title for each in gone if each.options.get("protect")]:
            raise Trouble("\n".join(f"{title}: is protected, but no longer declared" for title in protected))
        self.remove(gone)

    def remove(self, resources: list[Resource]) -> None:
        """Deletes what was replaced and then these resources, in this order."""
        self.found |= {each.urn: each for each in resources}
        self.changes |= {each.urn: ("delete", []) for each in resources}
        for each in [] if self.dry else [*reversed(self.state.replaced), *resources]:
            with self.step(each.title):
                self._delete(each)

    def _plan(self, new: Resource, old: Resource | None) -> tuple[str, list[str]]:
        found: Any = self._found(old.kind, old.id) if old else None
        if old is None or (old.kind in ON_DOCKER and found is None):
            return "create", []
        before, after = plain(old.inputs), plain(new.inputs)
        names = sorted(name for name in before | after if before.get(name) != after.get(name))
        if not names:
            stopped = old.kind == "Container" and found.status in ("created", "exited", "dead")
            return ("update", ["stopped"]) if stopped else ("same", [])
        if new.kind == "Command":
            return "replace" if "triggers" in names else "update", names
        if new.options.get("protect"):
            raise Trouble(f"is protected, and another {', '.join(names)} would replace it")
        return "replace", names

    def _found(self, kind: str, name: str) -> Any:
        try:
            return getattr(self.docker, ON_DOCKER[kind]).get(name) if kind in ON_DOCKER else None
        except NotFound:
            return None

    def _take(self, what: str, new: Resource, old: Resource | None) -> Resource:
        if old and what == "replace" and new.options.get("delete_before_replace"):
            self._delete(old)
            old = None
        if old and what == "update" and new.kind == "Container":
            self.docker.api.start(old.id)
            made = replace(new, id=old.id, outputs=old.outputs)
        else:
            id_, outputs = self._create(new, plain(new.inputs))
            secret = {"stdout", "stderr"} if any(isinstance(value, Secret) for value in new.inputs.values()) else set()
            secret |= {*new.options.get("additional_secret_outputs", [])}
            made = replace(new, id=id_, outputs={k: Secret(v) if k in secret else v for k, v in outputs.items()})
        with self.state.saved():
            self.state.made[new.urn] = made
            if old and what == "replace":
                self.state.replaced.append(old)
        self.say(f"{new.title} {what}d")
        self._show(made.outputs.get("stdout", ""))
        return made

    def _show(self, said: Any) -> None:
        for line in [] if isinstance(said, Secret) else str(said).splitlines():
            self.say(f"     {line}")

    def _create(self, new: Resource, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        name = given.get("name") or f"{new.name}-{secrets.token_hex(4)[:7]}"
        match new.kind:
            case "Network":
                pools = [IPAMPool(p["subnet"], p["ipRange"], p["gateway"]) for p in given.get("ipamConfigs", [])]
                made = self._left_over(new, name) or self.docker.networks.create(
                    name, driver=given.get("driver"), ipam=IPAMConfig(pool_configs=pools), labels=labels(given)
                )
                return str(made.id), {"name": name}
            case "Volume":
                self.docker.volumes.create(name, labels=labels(given))  # an existing one is taken as it is
                return name, {"name": name}
            case "RemoteImage":
                login = self.logins.get(name.partition("/")[0])
                here = self._found(new.kind, name)
                for line in [] if here else self.docker.api.pull(name, auth_config=login, stream=True, decode=True):
                    if "error" in line:
                        raise APIError("", explanation=line["error"])
                return name, {}
            case "Container":
                if left_over := self._left_over(new, name):
                    left_over.remove(force=True, v=True)
                id_ = self.docker.api.create_container_from_config(container(given), name)["Id"]  # type: ignore[no-untyped-call]
                self.docker.api.start(id_)
                return id_, {"name": name}
            case "Command":
                return name, _shell(given["create"], given)
        return "none", {"result": "".join(secrets.choice(ALPHABET) for _ in range(given["length"]))}

    def _left_over(self, new: Resource, name: str) -> Any:
        """What a killed run made under this name and could not record; None where there is nothing."""
        if (found := self._found(new.kind, name)) is None:
            return None
        wanted = {**OWNER, "sertantai.stack": new.urn.split(":")[2]}
        has = found.attrs.get("Config", found.attrs)["Labels"] or {}
        if has.items() >= wanted.items() and found.id not in [each.id for each in [*self.state.made.values()]]:
            return found
        raise Trouble(f"there is a {name} already that is not this resource's")

    def _delete(self, old: Resource) -> None:
        if not old.options.get("retain_on_delete"):
            self._destroy(old, plain(old.inputs))
            self.say(f"{old.title} deleted")
        with self.state.saved():
            if self.state.made.get(old.urn) is old:
                del self.state.made[old.urn]
            else:
                self.state.replaced.remove(old)

    def _destroy(self, old: Resource, given: dict[str, Any]) -> None:
        if "delete" in given:
            self._show(_shell(given["delete"], given)["stdout"])
        elif old.kind == "Container" and (found := self._found(old.kind, old.id)):
            found.stop(timeout=given.get("destroyGraceSeconds", 0))
            found.remove(v=True, force=True)
        elif old.kind in ("Network", "Volume") and (found := self._found(old.kind, old.id)):
            found.remove()


def _shell(command: str, given: dict[str, Any]) -> dict[str, Any]:
    """Runs a command as the provider does; an error has what the command printed, never what it read."""
    done = subprocess.run(
        [*given.get("interpreter", ["/bin/sh", "-c"]), command],
        input=given.get("stdin", ""),
        env={**os.environ, **given.get("environment", {})},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-20:]
        raise Trouble("\n  ".join([f"exit status {done.returncode}", *last]))
    return {"stdout": done.stdout.removesuffix("\n"), "stderr": done.stderr.removesuffix("\n")}
