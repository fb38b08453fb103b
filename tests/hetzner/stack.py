"""A stack of the real command and engine, whose host is the double's server or a container reached over SSH."""

import copy
import json
import os
import shutil
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from local import doubles, images
from local.machine import alone
from tests.e2e.platform import copy_program
from tests.places import INSIDE, ROOT, Place
from tests.signals import kill_session

PLACE = Place("hetzner")
REGISTRY, ACME, DNS, DNS_MANAGEMENT = PLACE.registry, PLACE.acme, PLACE.dns, PLACE.dns_management
UNCHANGED = ("same", "read", "refresh")
USER, PASSWORD = "rehearsal", "not-a-secret-but-a-double"


@dataclass(frozen=True)
class Said:
    """The command's output, and whether it succeeded."""

    ok: bool
    text: str


class Outside:
    """The doubles of the outside world: images in a registry, and an authority with its own name servers."""

    def __init__(self, folder: Path = PLACE.folder) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        # Test processes share the folder, and the first one creates the authority's files there.
        with alone(PLACE.name):
            doubles.registry(REGISTRY, USER, PASSWORD)
            images.ensure(REGISTRY, USER, PASSWORD)
            doubles.acme(f"https://localhost:{ACME}/dir", 80, folder)

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.folder / "roots.pem")


class Project:
    """The program in its own folder, with a stack that is set up as docs/hetzner.md describes it."""

    def __init__(self, folder: Path, stack: str, host: dict[str, Any], outside: Outside, **environment: str) -> None:
        self.folder, self.stack, self.outside = folder, stack, outside
        copy_program(folder, "cli")
        (folder / ".venv").symlink_to(ROOT / ".venv")
        (folder / "state").mkdir()
        self.environment = os.environ | {
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "a passphrase",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            **environment,
        }
        self.file = folder / f"Pulumi.{stack}.yaml"
        self.write({"sertantai:host": host} | platform(outside))
        assert self.pulumi("stack", "init", stack).ok
        assert self.pulumi("config", "set", "--secret", "registry_token", PASSWORD, "--stack", stack).ok

    def read(self) -> dict[str, Any]:
        """The stack file's configuration."""
        config = yaml.safe_load(self.file.read_text())["config"]
        assert isinstance(config, dict)
        return config

    def write(self, config: dict[str, Any]) -> None:
        kept = yaml.safe_load(self.file.read_text()) if self.file.exists() else {}
        self.file.write_text(yaml.safe_dump(kept | {"config": config}))

    def change(self, path: str, value: Any) -> None:
        """Sets the value at a path such as host/server_type. None removes it."""
        config = self.read()
        *blocks, name = path.split("/")
        here = config
        for step, block in enumerate(blocks):
            here = here[f"sertantai:{block}" if step == 0 else block]
        key = name if blocks or ":" in name else f"sertantai:{name}"
        if value is None:
            here.pop(key, None)
        else:
            here[key] = value
        self.write(config)

    def up(self) -> Said:
        return self.cli("up", "--yes")

    def preview(self) -> Said:
        return self.cli("preview")

    def cli(self, verb: str, *words: str) -> Said:
        """Runs a command of `make`, such as `make up`, as the operator does."""
        return self._run([sys.executable, "-m", "cli", verb, "--stack", self.stack, *words])

    def begin(self) -> "subprocess.Popen[str]":
        """Starts an `up` in the background."""
        return subprocess.Popen(
            [sys.executable, "-m", "cli", "up", "--yes", "--stack", self.stack],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def kill(self, process: "subprocess.Popen[str]") -> None:
        """Ends it as a power cut would, and cancels the lock that it leaves, as the operator's documentation says."""
        kill_session(process.pid)
        process.communicate()
        assert self.pulumi("cancel", "--yes", "--stack", self.stack).ok

    def copied(self, folder: Path) -> "Project":
        """Returns the same project and state in another folder, as a colleague would check it out."""
        ignored = shutil.ignore_patterns(".sertantai", "__pycache__", "state")
        shutil.copytree(self.folder, folder, ignore=ignored, symlinks=True)
        other = copy.copy(self)
        other.folder, other.file = folder, folder / self.file.name
        return other

    def ssh_control(self, order: str) -> Said:
        """Sends an order to the multiplexed connection."""
        return self._run(["ssh", "-F", f".sertantai/{self.stack}/ssh/config", "-O", order, f"sertantai-{self.stack}"])

    def pulumi(self, *words: str) -> Said:
        return self._run(["pulumi", *words])

    def changes(self) -> dict[str, str]:
        """Returns what a preview would do, by resource, without unchanged ones."""
        said = self._run(["pulumi", "preview", "--json", "--stack", self.stack], joined=False)
        assert said.ok, said.text
        steps = json.loads(said.text)["steps"]
        return {step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] not in UNCHANGED}

    def state(self) -> list[dict[str, Any]]:
        """Returns all resources in the state."""
        exported = self._run(["pulumi", "stack", "export", "--stack", self.stack], joined=False)
        assert exported.ok, exported.text
        found = json.loads(exported.text)["deployment"].get("resources", [])
        assert isinstance(found, list)
        return found

    def secrets(self) -> list[str]:
        """Returns the stack's secrets in plain text."""
        shown = self._run(["pulumi", "stack", "export", "--show-secrets", "--stack", self.stack], joined=False)
        resources = json.loads(shown.text)["deployment"]["resources"]
        made = [each["outputs"]["result"] for each in resources if each["type"].startswith("random:")]
        return [PASSWORD, *(json.loads(each["plaintext"]) for each in made)]

    def ssh(self, command: str) -> Said:
        """Runs a command on the host, over the connection that the steps use."""
        return self._run(["ssh", "-F", f".sertantai/{self.stack}/ssh/config", f"sertantai-{self.stack}", command])

    def get(self, address: str, domain: str, path: str, port: int = 443) -> httpx.Response:
        """Returns the gateway's answer at an address for a domain, over verified TLS."""
        return self._ask("GET", address, domain, path, port, None)

    def post(self, address: str, domain: str, path: str, body: object, port: int = 443) -> httpx.Response:
        return self._ask("POST", address, domain, path, port, body)

    def _ask(self, method: str, address: str, domain: str, path: str, port: int, body: object) -> httpx.Response:
        with httpx.Client(verify=self.outside.trust(), timeout=20) as client:
            url, headers = f"https://{address}:{port}{path}", {"Host": domain}
            request = client.build_request(method, url, headers=headers, json=body)
            request.extensions["sni_hostname"] = domain
            return client.send(request)

    def _run(self, command: list[str], joined: bool = True) -> Said:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if joined else subprocess.PIPE,
            text=True,
            timeout=900,
        )
        return Said(done.returncode == 0, done.stdout if joined or not done.returncode else done.stdout + done.stderr)


def service(name: str, port: int = 4000) -> dict[str, Any]:
    """Returns a service of an app and a database."""
    return {
        "domain": f"{name}.sertantai.test",
        "database": {"name": f"sertantai_{name.replace('-', '_')}", "extensions": ["uuid-ossp", "citext"]},
        "app": {
            "image": f"{REGISTRY}/sertantai/app:1",
            "port": port,
            "migrate": ["/app/bin/app", "eval", "App.Release.migrate"],
            "memory_mb": 256,
        },
    }


def platform(outside: Outside) -> dict[str, Any]:
    """Returns the whole stack file except the host: one service with every part."""
    stand_in = f"{REGISTRY}/sertantai"
    legal = service("legal")
    legal["app"]["routes"] = ["/api/", "/health", "/ready"]
    legal["frontend"] = {"image": f"{stand_in}/frontend:1", "memory_mb": 128}
    legal["electric"] = {
        "image": f"{stand_in}/electric:1",
        "access": {"kind": "public", "shapes": {"laws": {"table": "uk_lrt", "columns": ["id", "name"]}}},
        "memory_mb": 256,
    }
    return {
        "sertantai:acme": {
            "email": "operator@sertantai.test",
            "directory_url": f"https://localhost:{ACME}/dir",
            "ca_bundle": str(outside.folder / "ca.pem"),
            "image": f"{stand_in}/certbot:1",
        },
        "sertantai:registry": {"server": REGISTRY, "username": USER},
        "sertantai:network": {"name": "infra_network", "subnet": INSIDE},
        "sertantai:postgres": {"image": f"{stand_in}/postgres:1", "memory_mb": 512},
        "sertantai:redis": {"image": f"{stand_in}/redis:1", "memory_mb": 128},
        "sertantai:nginx": {"image": f"{stand_in}/nginx:1"},
        "sertantai:services": {"legal": legal},
    }
