"""Faults that a test requests from the API."""

import re
import threading
from dataclasses import dataclass
from typing import Literal

Kind = Literal["error", "timeout", "cut", "lost"]


@dataclass
class Fault:
    """A request that fails, `times` times, after `skip` matching ones succeeded.

    error: it is answered with `status` and `code`. timeout: it is answered after `seconds`, or never. cut: the
    connection is closed before anything is done. lost: it is done, then the connection is closed without an answer.
    """

    method: str
    path: str
    status: int
    code: str
    kind: Kind
    times: int
    seconds: float | None
    skip: int


class Faults:
    """The faults that are still to come, in the requested order."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._failing: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def add(
        self,
        method: str,
        path_regex: str,
        status: int = 503,
        code: str = "unavailable",
        *,
        kind: Kind = "error",
        times: int = 1,
        seconds: float | None = None,
        skip: int = 0,
    ) -> None:
        """`path_regex` has to match the whole path, without /v1 and the query; `method` is a regex too (".*")."""
        with self._lock:
            self._faults.append(Fault(method, path_regex, status, code, kind, times, seconds, skip))

    def add_action(self, command: str, message: str = "Action failed", *, times: int = 1) -> None:
        """The next actions of this command ("attach_volume") end as errors, without their work."""
        with self._lock:
            self._failing.setdefault(command, []).extend([message] * times)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            self._failing.clear()

    def of_request(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.times and re.fullmatch(fault.method, method) and re.fullmatch(fault.path, path):
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def of_action(self, command: str) -> None:
        """Raises the requested failure of this command's action."""
        with self._lock:
            messages = self._failing.get(command)
            message = messages.pop(0) if messages else None
        if message is not None:
            raise RuntimeError(message)
