"""How each type of resource is made for real on this machine."""

import json
import os
import re
import secrets
import string
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound, NotFound
from docker.types import IPAMConfig, IPAMPool

from .errors import Trouble
from .inputs import OWNER, container, labels, limits, only
from .state import Resource, plain

COLLECTIONS = {"Network": "networks", "Volume": "volumes", "RemoteImage": "images", "Container": "containers"}
REFUSALS = {
    "unauthorized|denied|forbidden|no basic auth": "refused the password",
    "not found|manifest unknown|name unknown": "has no such image",
}


@dataclass
class Host:
    """This machine as one stack uses it: `known` tells whether its state has an id, `say` tells the user."""

    docker: docker.DockerClient
    stack: str
    known: Callable[[str], bool]
    say: Callable[..., None]
    passwords: dict[str, dict[str, str]] = field(default_factory=dict)

    def create(self, new: Resource) -> tuple[str, dict[str, Any]]:
        """Makes it; its id and outputs."""
        given = plain(new.inputs)
        name = given.get("name") or f"{new.name}-{secrets.token_hex(4)[:7]}"
        match new.kind:
            case "Network":
                more: dict[str, Any] = {
                    "driver": given.get("driver"),
                    "labels": labels(given),
                    "ipam": _addresses(given),
                }
                made = self._left_over("networks", name) or self.docker.networks.create(name, **more)
                return str(made.id), {"name": name}
            case "Volume":
                more = {"driver": given.get("driver"), "labels": labels(given)}
                made = self._left_over("volumes", name) or self.docker.volumes.create(name, **more)
                return name, {"name": name, "mountpoint": made.attrs["Mountpoint"]}
            case "RemoteImage":
                return name, {"imageId": self._pull(name, given), "repoDigest": name}
            case "Container":
                if left_over := self._left_over("containers", name):
                    self._remove(left_over.id, given)
                id_ = self.docker.api.create_container_from_config(container(given), name)["Id"]  # type: ignore[no-untyped-call]
                return id_, self._start(id_, given)
            case "Command":
                return name, self._command("create", given, {})
            case "RandomId":
                return _random_id(given)
        return "none", {"result": _random_text(given)}

    def update(self, old: Resource, new: Resource) -> dict[str, Any]:
        """Changes it in place; its outputs."""
        given, outputs = plain(new.inputs), plain(old.outputs)
        match new.kind:
            case "Container":
                memory, swap, policy = limits(given).values()
                self.docker.api.update_container(old.id, mem_limit=memory, memswap_limit=swap, restart_policy=policy)
                return self._start(old.id, given)
            case "Command":
                return self._command("update" if "update" in given else "create", given, outputs)
        return outputs

    def delete(self, old: Resource) -> None:
        """Removes it, unless it is gone or, as an image, kept."""
        with suppress(NotFound):
            match old.kind:
                case "Network" | "Volume":
                    getattr(self.docker, COLLECTIONS[old.kind]).get(old.id).remove()
                case "Container":
                    self._remove(old.id, plain(old.inputs))
                case "Command":
                    self._command("delete", plain(old.inputs), plain(old.outputs))

    def drift(self, old: Resource) -> str:
        """What is no longer so: `gone` where Docker has it no more, the input `mustRun`, or nothing."""
        if old.kind not in COLLECTIONS:
            return ""
        try:
            found = getattr(self.docker, COLLECTIONS[old.kind]).get(old.id)
        except NotFound:
            return "gone"
        stopped = old.kind == "Container" and found.status in ("created", "exited", "dead")
        return "mustRun" if stopped and old.inputs.get("mustRun", True) else ""

    def call(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        """What a provider's function returns."""
        match token:
            case "command:local:run":
                [given] = only([args], "command stdin environment interpreter dir logging")
                return given | shell(given["command"], given, {})
            case "docker:index/getRegistryImage:getRegistryImage":
                name = only([args], "name")[0]["name"]
                with self._registry(name) as password:
                    found = self.docker.api.inspect_distribution(name, password)  # type: ignore[no-untyped-call]
                return {"name": name, "id": name, "sha256Digest": found["Descriptor"]["digest"]}
        raise Trouble("the rehearsal does not know this function")

    def log_in(self, provider: Resource) -> None:
        """Remembers a docker provider's passwords for this run."""
        for each in json.loads(plain(provider.inputs).get("registryAuth", "[]")):
            self.passwords[each["address"].rpartition("//")[2]] = {k: each[k] for k in ("username", "password")}

    def _pull(self, image: str, given: dict[str, Any]) -> str:
        if "@" not in image or not given.get("keepLocally"):
            raise Trouble("the rehearsal knows images only by digest and with keep_locally")
        with suppress(ImageNotFound):
            return str(self.docker.images.get(image).id)
        with self._registry(image) as password:
            for line in self.docker.api.pull(image, auth_config=password, stream=True, decode=True):
                if "error" in line:
                    raise APIError("", explanation=line["error"])
        return str(self.docker.images.get(image).id)

    @contextmanager
    def _registry(self, image: str) -> Iterator[dict[str, str] | None]:
        """The password for an image's registry, whose refusals are put into plain words."""
        registry = image.partition("/")[0]
        try:
            yield self.passwords.get(registry)
        except APIError as error:
            words = str(error.explanation)
            known = [meaning for pattern, meaning in REFUSALS.items() if re.search(pattern, words, re.IGNORECASE)]
            reason = known[0] if known else f"cannot be reached: {words}"
            raise Trouble(f"{image}: the registry {registry} {reason}") from None

    def _left_over(self, collection: str, name: str) -> Any:
        """What a killed run made under this name and could not record; None where there is nothing."""
        try:
            found = getattr(self.docker, collection).get(name)
        except NotFound:
            return None
        has = found.attrs.get("Config", found.attrs)["Labels"] or {}
        if has.items() >= (OWNER | {"sertantai.stack": self.stack}).items() and not self.known(found.id):
            return found
        raise Trouble(f"there is a {name} already that is not this resource's")

    def _start(self, id_: str, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("mustRun", True):
            self.docker.api.start(id_)
        found = self.docker.api.inspect_container(id_)
        networks = found["NetworkSettings"]["Networks"].items()
        addresses = [{"networkName": name, "ipAddress": network["IPAddress"]} for name, network in networks]
        return {"name": found["Name"].removeprefix("/"), "networkDatas": addresses}

    def _remove(self, id_: str, given: dict[str, Any]) -> None:
        with suppress(NotFound):
            if grace := given.get("destroyGraceSeconds"):
                self.docker.api.stop(id_, timeout=grace)
            self.docker.api.remove_container(id_, v=True, force=True)

    def _command(self, verb: str, given: dict[str, Any], previous: dict[str, Any]) -> dict[str, Any]:
        outputs = shell(given.get(verb), given, previous)
        logged = given.get("logging", "stdout" if verb == "delete" else "none").lower()
        for line in "\n".join(text for name, text in outputs.items() if name in logged).splitlines():
            self.say(f"     {line}")
        return outputs


def shell(command: str | None, given: dict[str, Any], previous: dict[str, Any]) -> dict[str, Any]:
    """Runs a command as the provider does; an error has what the command printed, never what it read."""
    said = {f"PULUMI_COMMAND_{name.upper()}": text for name, text in previous.items()}
    done = subprocess.run(
        [*given.get("interpreter", ["/bin/sh", "-c"]), command] if command else ["true"],
        input=given.get("stdin", ""),
        cwd=given.get("dir"),
        env={**os.environ, **said, **given.get("environment", {})},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-20:]
        raise Trouble("\n  ".join([f"exit status {done.returncode}", *last]))
    return {"stdout": done.stdout.removesuffix("\n"), "stderr": done.stderr.removesuffix("\n")}


def _addresses(given: dict[str, Any]) -> IPAMConfig:
    pools = only(given.get("ipamConfigs", []), "subnet gateway ipRange")
    return IPAMConfig(pool_configs=[IPAMPool(p.get("subnet"), p.get("ipRange"), p.get("gateway")) for p in pools])


def _random_id(given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    drawn = secrets.token_bytes(given["byteLength"])
    base64 = b64encode(drawn).decode()
    url = base64.translate(str.maketrans("+/", "-_", "="))
    forms = {"b64Url": url, "b64Std": base64, "hex": drawn.hex(), "dec": str(int.from_bytes(drawn))}
    return url, {form: given.get("prefix", "") + text for form, text in forms.items()}


def _random_text(given: dict[str, Any]) -> str:
    alphabets = {"upper": string.ascii_uppercase, "lower": string.ascii_lowercase, "numeric": string.digits}
    alphabets["special"] = given.get("overrideSpecial", "!@#$%&*()-_=+[]{}<>:?")
    alphabet = "".join(characters for kind, characters in alphabets.items() if given.get(kind, True))
    return "".join(secrets.choice(alphabet) for _ in range(given["length"]))
