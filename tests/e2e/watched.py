"""A small platform of its own with alerts: one service with all that can be watched, and a server that is told."""

import json
import shutil
from pathlib import Path
from typing import Any

from docker.models.containers import Container

from tests.places import ROOT, RUN, Place
from tests.throwaway.listener import Listener
from tests.waiting import eventually

from .foundation import own
from .platform import Platform
from .runner import Engine, Rehearsal, Runner, has_engine

PLACE = Place("watch")
STACK = f"watch{RUN or ''}"
SERVICE, HOST = "enforcement", "enforcement.localhost"
DATABASE, SLOT = "sertantai_enforcement_local", "electric_slot_enforcement"
TELLS_S = 90
"""Two looks, each 15 s after the last one, on a busy machine."""


class Watched(Platform):
    """The platform; `listener` gets its alerts and heartbeats."""

    def __init__(self, folder: Path, listener: Listener, kind: type[Runner] | None = None) -> None:
        super().__init__(folder, kind or (Engine if has_engine() else Rehearsal), PLACE, STACK)
        shutil.copytree(ROOT / "cli", folder / "cli", ignore=shutil.ignore_patterns("__pycache__"))
        self.listener = listener
        self.config["sertantai:services"] = {SERVICE: self.services[SERVICE]}
        del self.config["sertantai:redis"]
        self.config["sertantai:postgres"] |= {"memory_mb": 512, "max_connections": 100}
        self.config["sertantai:alerts"] = {"webhook_url": listener.url, "heartbeat_url": listener.url}

    def part(self, part: str) -> Container:
        """Returns the serving container of the service's part."""
        [container] = self.containers(service=SERVICE, part=part)
        return container

    def open(self) -> dict[str, str]:
        """Returns the problems that the watch container has seen often enough, by their keys."""
        memory: dict[str, Any] = json.loads(self.state("memory.json"))
        return dict(memory.get("open", {}))

    def state(self, file: str) -> str:
        """Returns a file of the watch container."""
        code, output = own(self, "watch").exec_run(["cat", f"/state/{file}"])
        assert code == 0
        return bytes(output).decode()  # type: ignore[arg-type]

    def await_told(self, words: str, *, over: bool = False, timeout_s: float = TELLS_S) -> str:
        """Waits until the webhook is told that a problem with these words has begun, or is over. Returns its text."""
        kind = "over" if over else "new"
        texts: list[str] = []

        def told() -> bool:
            texts[:] = [text for message in self.listener.told for text in message[kind] if words in text]
            return bool(texts)

        eventually(told, timeout_s=timeout_s)
        return texts[-1]
