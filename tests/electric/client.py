"""Electric's own client in its own Node process, and the messages that it received."""

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MISSING = next((f"{tool} is not installed" for tool in ("node", "npm") if not shutil.which(tool)), None)


def install() -> None:
    """Installs the packages of the lock file, once."""
    installed, wanted = HERE / "node_modules/.package-lock.json", HERE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
        subprocess.run(["npm", "ci"], cwd=HERE, check=True, capture_output=True)


def node(command: list[str], roots: Path) -> "subprocess.Popen[str]":
    """Starts a script of this folder that trusts these authorities."""
    environment = os.environ | {"NODE_EXTRA_CA_CERTS": str(roots.resolve())}
    return subprocess.Popen(
        ["node", *command], cwd=HERE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


class Follower:
    """One stream of a client, and its current rows. `faults` are messages that do not fit these rows."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.messages: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.errors: list[str] = []
        self.faults: list[str] = []
        self.current = False

    @property
    def refetches(self) -> int:
        """How often it had to fetch again."""
        return sum(message["headers"].get("control") == "must-refetch" for message in self.messages)

    def late_s(self, name: str = "") -> list[float]:
        """Returns the delay of each insert whose name begins like this."""
        return [
            message["at"] / 1000 - datetime.fromisoformat(message["value"]["created_at"]).timestamp()
            for message in self.messages
            if message["headers"].get("operation") == "insert" and message["value"]["name"].startswith(name)
        ]

    def take(self, said: dict[str, Any]) -> None:
        """Reads one line of the client's output."""
        if "url" in said:
            self.requests.append(said)
        if "error" in said:
            self.errors.append(said["error"])
        for message in said.get("messages", []):
            self.messages.append({"at": said["at"], **message})
            self._apply(message)

    def _apply(self, message: dict[str, Any]) -> None:
        headers, key = message["headers"], message.get("key", "")
        match headers.get("control") or headers["operation"]:
            case "must-refetch":
                self.rows, self.current = {}, False
            case "up-to-date":
                self.current = True
            case "insert":
                if key in self.rows:
                    self.faults.append(f"a second insert of {key}")
                self.rows[key] = message["value"]
            case "update" | "delete" if key not in self.rows:
                self.faults.append(f"{headers['operation']} of {key}, which is not there")
            case "update":
                self.rows[key] |= message["value"]
            case "delete":
                del self.rows[key]


class Client:
    """Follows one shape by this many streams until it is closed; `options` are more options of the client."""

    def __init__(self, url: str, roots: Path, params: Mapping[str, Any], streams: int = 1, **options: Any) -> None:
        options |= {"url": url, "params": params, "streams": streams}
        self.followers = [Follower() for _ in range(streams)]
        self._lock = threading.Lock()
        self._process = node(["follow.mjs", json.dumps(options)], roots)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._reader.join()

    @property
    def one(self) -> Follower:
        """The only stream."""
        [follower] = self.followers
        return follower

    def wait(self, what: str, condition: Callable[[Follower], Any], timeout: float = 60) -> None:
        """Waits until `condition` is true for every stream. Fails with the state of each."""
        end = time.monotonic() + timeout
        while late := [one for one in self.followers if not self._holds(condition, one)]:
            if time.monotonic() > end:
                one = late[0]
                raise AssertionError(
                    f"{what}: {len(late)} not within {timeout} s; {len(one.rows)} rows, errors {one.errors}, "
                    f"last requests {one.requests[-3:]}, last messages {one.messages[-3:]}"
                )
            time.sleep(0.02)

    def _holds(self, condition: Callable[[Follower], Any], follower: Follower) -> bool:
        with self._lock:
            return bool(condition(follower))

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            said = json.loads(line)
            with self._lock:
                self.followers[said["number"]].take(said)
