"""A container that backs up volumes, with real restic: a throwaway container with volumes of its own."""

import json
import shlex
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.throwaway.box import Said, docker, on_host
from tests.throwaway.clock import far_day, far_off

ROOT = Path(__file__).parents[2]
PASSPHRASE = "passphrase-of-the-files"
FIRST, SECOND = "/var/lib/pgbackrest/files", "/var/lib/pgbackrest/other"
IDLE = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID")


def place(
    url: str = FIRST, environment: Mapping[str, str] | None = None, options: Sequence[str] = ()
) -> dict[str, Any]:
    """Returns a repository as files.json has it."""
    return {"url": url, "environment": dict(environment or {}), "options": list(options)}


@dataclass
class Files:
    """The container, and the volumes `legal-files` and `letsencrypt`. `start` makes it, `clear` removes everything."""

    image: str
    config: Path
    name: str = field(default_factory=lambda: f"sertantai-trial{uuid.uuid4().hex[:8]}")
    volumes: Sequence[str] = ("legal-files", "letsencrypt")
    capabilities: Sequence[str] = CAPABILITIES
    network: str = "none"

    def start(self) -> None:
        words = ["--read-only", "--tmpfs", "/tmp", "--init", "--user", "root", "--network", self.network]
        words += ["--cap-drop", "ALL", *(word for each in self.capabilities for word in ("--cap-add", each))]
        words += ["--security-opt", "no-new-privileges", "--memory", "256m", "--memory-swap", "256m", *self.mounts()]
        words += ["-e", "PYTHONPATH=/etc/pgbackrest/program", "-e", "PYTHONDONTWRITEBYTECODE=1"]
        begun = docker("run", "-d", "--name", self.name, *words, self.image, "bash", "-c", IDLE)
        assert begun.ok, begun.error

    def mounts(self) -> list[str]:
        inside = [f"{self.name}-{volume}:/volumes/{volume}:ro" for volume in self.volumes]
        inside += [f"{self.name}-repository:/var/lib/pgbackrest", f"{self.name}-state:/var/lib/backup"]
        inside += [f"{self.config}:/etc/pgbackrest:ro", f"{ROOT}/host:/etc/pgbackrest/program/host:ro"]
        return [word for mount in inside for word in ("-v", mount)]

    def configure(self, *, passphrase: str = PASSPHRASE, **repositories: dict[str, Any]) -> None:
        places = repositories or {"repository": place()}
        files = {"repositories": places, "passphrase": passphrase, "keep_daily": 14, "keep_weekly": 4}
        settings = {
            "stack": self.name.removeprefix("sertantai-"),
            "repositories": dict.fromkeys(places, "local"),
            "full": far_day(),
            "differential_hours": 6,
            "verify": far_off(),
            "postgres": {"host": "postgres", "user": "sertantai_backup"},
        }
        (self.config / "program/host").mkdir(parents=True, exist_ok=True)
        for name, text in {"files.json": files, "settings.json": settings}.items():
            (self.config / name).write_text(json.dumps(text))
            (self.config / name).chmod(0o600)

    def word(self, *words: str) -> Said:
        """Calls a word of the program in the container."""
        return self._execute("python3", "-m", "host.backup", *words)

    def call(self, *words: str) -> dict[str, Any]:
        """As `word`, which succeeds. Returns the JSON that it prints."""
        said = self.word(*words)
        assert said.ok, said.error
        values: dict[str, Any] = json.loads(said.out)
        return values

    def problems(self) -> list[str]:
        """Returns what the status says is wrong."""
        problems: list[str] = self.call("files-status")["problems"]
        return problems

    def inside(self, script: str) -> str:
        """Runs a script in the container."""
        said = self._execute("bash", "-euo", "pipefail", "-c", script)
        assert said.ok, said.error
        return said.out.strip()

    def _execute(self, *command: str) -> Said:
        return on_host(shlex.join(["docker", "exec", self.name, *command]))

    def change(self, script: str, volume: str = "legal-files", mount: str = "") -> str:
        """Runs a script in a volume, as an app does, which the container of the backups cannot."""
        on = f"{self.name}-{volume}:{mount or '/volume'}"
        words = ["run", "--rm", "--network", "none", "-w", mount or "/volume", "-v", on, self.image]
        said = docker(*words, "bash", "-euo", "pipefail", "-c", script)
        assert said.ok, said.error
        return said.out

    def repository(self, script: str) -> str:
        """Runs a script in the folder of local repositories."""
        return self.change(script, "repository", "/var/lib/pgbackrest")

    def replace(self) -> None:
        """Replaces the container, as a change of its settings does."""
        assert docker("rm", "-f", self.name).ok
        self.start()

    def clear(self) -> None:
        docker("rm", "-f", "-v", self.name)
        names = docker("volume", "ls", "-q", "--filter", f"name={self.name}").out.split()
        if names:
            docker("volume", "rm", "-f", *names)
