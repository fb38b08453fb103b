"""A small platform of its own with alerts: one service with all that can be watched, and a server that is told."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from docker.models.containers import Container

from tests.places import RUN, Place, copy_from_project
from tests.throwaway.listener import Listener
from tests.waiting import eventually, hear

from .foundation import inside
from .platform import Platform
from .runner import Engine, Rehearsal, Runner, has_engine

PLACE = Place("watch")
STACK = f"watch{RUN or ''}"
SERVICE, HOST = "enforcement", "enforcement.localhost"
DATABASE, SLOT = "sertantai_enforcement_local", "electric_slot_enforcement"
TELLS_S = 300
"""Some looks, each 15 s after the last one, on a busy machine."""


class Watched(Platform):
    """The platform; `listener` gets its alerts and heartbeats."""

    def __init__(self, folder: Path, listener: Listener, kind: type[Runner] | None = None) -> None:
        super().__init__(folder, kind or (Engine if has_engine() else Rehearsal), PLACE, STACK)
        copy_from_project(folder, "cli")
        self.listener = listener
        self.config["sertantai:services"] = {SERVICE: self.services[SERVICE]}
        del self.config["sertantai:redis"]
        self.config["sertantai:postgres"] |= {"memory_mb": 512, "max_connections": 100}
        self.config["sertantai:alerts"] = {"webhook_url": listener.url, "heartbeat_url": listener.url}

    def part(self, part: str) -> Container:
        """Returns the serving container of the service's part."""
        [container] = self.containers(service=SERVICE, part=part)
        return container

    def watch(self, file: str) -> dict[str, Any]:
        """Returns a file of the watch container's."""
        values: dict[str, Any] = json.loads(inside(self, "watch", f"cat /state/{file}.json"))
        return values

    def await_looks(self, count: int = 3) -> None:
        """Waits until the watch container has looked so many times more."""
        looks: set[str] = set()

        def looked() -> bool:
            looks.add(self.watch("status")["at"])
            return len(looks) > count

        eventually(looked, timeout_s=count * TELLS_S)

    def told(self, kind: str, words: str) -> list[str]:
        """Returns the texts with these words that the webhook was told, of problems that are `new` or `over`."""
        return [text for message in self.listener.told for text in message[kind] if words in text]

    def await_told(self, kind: str, words: str, timeout_s: float = TELLS_S) -> None:
        eventually(lambda: self.told(kind, words), timeout_s)

    def status(self) -> dict[str, Any]:
        """Returns what `./sertantai status --json` prints."""
        environment = {**os.environ, **(self.runner.environment if isinstance(self.runner, Engine) else {})}
        line = [sys.executable, "-m", "cli", "status", "--stack", self.stack, "--json"]
        done = subprocess.run(line, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300)
        hear(done.stdout + done.stderr)
        values: dict[str, Any] = json.loads(done.stdout)
        return values
