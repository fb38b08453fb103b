"""Actions: the API's work after it has answered."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.doubles.hetzner.faults import Faults
from tests.doubles.hetzner.reading import Json


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def nothing() -> None: ...


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The parts of an action.

    `work` may take long and runs without the project's lock. The others change the state: at the beginning, after
    success and after a failure.
    """

    begin: Callable[[], None] = nothing
    work: Callable[[], None] = nothing
    done: Callable[[], None] = nothing
    failed: Callable[[], None] = nothing


@dataclass(eq=False)
class _Running:
    action: Json
    steps: Steps
    locks: Json | None
    after: "_Running | None"
    seconds: float
    thread: threading.Thread | None = None
    ended: threading.Event = field(default_factory=threading.Event)


class Actions:
    """Every action of a project. Each runs in its own thread, at the earliest when the previous one has ended."""

    def __init__(self, lock: threading.RLock, faults: Faults, seconds: float) -> None:
        self.all: dict[int, Json] = {}
        self.seconds = seconds
        self._lock = lock
        self._faults = faults
        self._running: dict[int, _Running] = {}
        self._closed = threading.Event()

    def start(
        self,
        command: str,
        *resources: tuple[str, int],
        steps: Steps | None = None,
        locks: Json | None = None,
        after: Json | None = None,
        extra_s: float = 0.0,
    ) -> Json:
        """Starts an action on resources given as (type, ID).

        It locks the server given as `locks`, waits for the action `after` and takes `extra_s` longer than others.
        """
        action: Json = {
            "id": 500_000 + len(self.all),
            "command": command,
            "status": "running",
            "progress": 0,
            "started": now(),
            "finished": None,
            "resources": [{"id": number, "type": kind} for kind, number in resources],
            "error": None,
        }
        before = self._running.get(after["id"]) if after else None
        running = _Running(action, steps or Steps(), locks, before, self.seconds + extra_s)
        self.all[action["id"]] = action
        self._running[action["id"]] = running
        if locks is not None:
            locks["locked"] = True
        running.thread = threading.Thread(target=self._run, args=(running,), daemon=True, name=f"action {command}")
        running.thread.start()
        return action

    def close(self) -> None:
        """Ends all waiting, and waits for the running actions."""
        self._closed.set()
        for running in list(self._running.values()):
            running.ended.wait(timeout=10)

    def _run(self, running: _Running) -> None:
        action, steps = running.action, running.steps
        try:
            if running.after:
                running.after.ended.wait()
                if running.after.action["status"] == "error":
                    raise RuntimeError("a previous action failed")
            with self._lock:
                steps.begin()
            self._closed.wait(running.seconds)
            self._faults.of_action(action["command"])
            steps.work()
        except Exception as error:
            self._end(running, "error", steps.failed, {"code": "action_failed", "message": str(error)})
        else:
            self._end(running, "success", steps.done, None)

    def _end(self, running: _Running, status: str, last: Callable[[], None], error: Json | None) -> None:
        with self._lock:
            last()
            del self._running[running.action["id"]]
            if running.locks is not None:
                running.locks["locked"] = any(other.locks is running.locks for other in self._running.values())
            running.action.update(status=status, progress=100, finished=now(), error=error)
        running.ended.set()
