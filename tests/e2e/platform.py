"""The local platform with its own name, ports and folder, started for real."""

import copy
import os
import re
import signal
import ssl
import subprocess
from pathlib import Path
from typing import Any

import httpx
import yaml
from docker.models.containers import Container

from local.machine import ensure_docker
from tests import places
from tests.places import ROOT, copy_from_project
from tests.sweeping import sweep
from tests.waiting import hear

from .runner import Run, Runner

PLACE = places.platform()
STACK = f"e2e{places.RUN or ''}" + (f"w{places.WORKER}" if places.WORKER else "")
HTTP, HTTPS, ACME, REGISTRY = PLACE.ports[0], PLACE.ports[1], PLACE.acme, PLACE.registry
OTHER_HTTP, OTHER_HTTPS = PLACE.ports[8], PLACE.ports[9]
SUBNET, OTHER_SUBNET = map(str, PLACE.subnets)
PATIENCE_S = 300
"""The longest wait for a busy machine, in seconds: several platforms may start at once, on two cores."""
ELECTRIC_IMAGE = os.environ.get("E2E_ELECTRIC_IMAGE")
"""A real Electric that replaces the stand-in, from a registry without a login or from the tests' own."""
PROGRAM = ["Pulumi.yaml", "__main__.py", "settings", "render", "host", "components", "local", "rehearsal"]


def copy_program(folder: Path, *more: str) -> None:
    """Copies the program, and other named files of the project, to its own folder."""
    copy_from_project(folder, *PROGRAM, *more)


class Platform:
    """Its configuration, the runner that applies it, and what clients and Docker see of it."""

    def __init__(self, folder: Path, kind: type[Runner], place: places.Place = PLACE, stack: str = STACK) -> None:
        self.folder, self.place, self.stack = folder, place, stack
        self.runner = kind(folder, stack)
        self.docker = ensure_docker()
        sweep(f"sertantai.stack={stack}")  # the rest of a killed run of the tests
        self.acme = place.folder
        self.acme.mkdir(parents=True, exist_ok=True)
        copy_program(folder)
        registry = places.local()["registry"]["server"]
        local = (ROOT / "Pulumi.local.yaml").read_text().replace(registry, place.registry)
        self.config: dict[str, Any] = yaml.safe_load(local)["config"]
        self.config["sertantai:nginx"] |= {"http_port": place.ports[0], "https_port": place.ports[1]}
        self.config["sertantai:network"] = {"name": f"sertantai_{stack}", "subnet": place.subnet}
        self.config["sertantai:acme"] |= {
            "directory_url": f"https://localhost:{place.acme}/dir",
            "ca_bundle": str(self.acme / "ca.pem"),
        }
        for service in self.services.values():
            for part in service.keys() & {"app", "frontend"}:
                service[part]["health"] = {**service[part].get("health", {}), "start_timeout_s": PATIENCE_S}
            if "electric" in service:
                service["electric"]["start_timeout_s"] = PATIENCE_S
            if ELECTRIC_IMAGE and "electric" in service:
                service["electric"] |= {"image": ELECTRIC_IMAGE, "memory_mb": 512}
        self.committed = copy.deepcopy(self.config)

    @property
    def services(self) -> dict[str, Any]:
        return self.config["sertantai:services"]  # type: ignore[no-any-return]

    def reset(self) -> None:
        """Restores the first configuration."""
        self.config = copy.deepcopy(self.committed)

    def revert(self) -> None:
        """Applies the first configuration, if this one is different."""
        if self.config != self.committed:
            self.reset()
            back = self.up()
            assert back.ok, back.why

    def write(self) -> None:
        """Writes the stack file for the next run. It keeps the engine's salt."""
        file = self.folder / f"Pulumi.{self.stack}.yaml"
        before = yaml.safe_load(file.read_text()) if file.exists() else {}
        file.write_text(yaml.safe_dump({**before, "config": self.config}))

    def run(self, verb: str) -> Run:
        """Runs `verb` to its end."""
        self.write()
        return self.runner.run(verb)

    def up(self) -> Run:
        return self.run("up")

    def begin(self) -> "subprocess.Popen[str]":
        """Starts an `up` in the background."""
        self.write()
        return self.runner.begin()

    def kill(self, process: "subprocess.Popen[str]") -> None:
        """Ends it as a power cut would."""
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    def kill_after(self, step: str) -> None:
        """Starts an `up` and kills it as soon as it reports the end of this step."""
        process = self.begin()
        said = process.stderr if self.runner.name == "rehearsal" else process.stdout
        for line in said or ():
            if re.search(rf" {step} .*(created|updated|replaced)", line):
                break
        else:
            raise AssertionError(f"{step} was not done")
        self.kill(process)

    def client(self, host: str, port: int | None = None, **options: Any) -> httpx.Client:
        """Returns a client that connects to this machine and requests `host`."""
        scheme = "http" if port else "https"
        port = port or self.place.ports[1]
        client = httpx.Client(
            base_url=f"{scheme}://127.0.0.1:{port}",
            headers={"Host": f"{host}:{port}"},
            verify=ssl.create_default_context(cafile=self.acme / "roots.pem"),
            timeout=30,
            **options,
        )
        client.event_hooks["request"] = [lambda request: request.extensions.update(sni_hostname=host)]
        client.event_hooks["response"] = [lambda response: hear(f"{response.url}: {response.status_code}")]
        return client

    def get(self, host: str, path: str, **options: Any) -> httpx.Response:
        with self.client(host) as client:
            return client.get(path, **options)

    def containers(self, **labels: str) -> list[Container]:
        """Returns every container of the stack with these labels, running or not."""
        wanted = [f"sertantai.stack={self.stack}", *(f"sertantai.{name}={value}" for name, value in labels.items())]
        return list(self.docker.containers.list(all=True, filters={"label": wanted}, ignore_removed=True))

    def ids(self) -> dict[str, str]:
        return {str(container.name): str(container.id) for container in self.containers()}

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Returns the cluster's answer, unaligned."""
        command = ["psql", "-X", "-A", "-t", "-U", "postgres", "-d", database, "-c", statement]
        code, output = self.docker.containers.get(f"sertantai-{self.stack}-postgres").exec_run(command)
        text = bytes(output).decode().strip()  # type: ignore[arg-type]
        hear(text)
        assert code == 0, text
        return text
