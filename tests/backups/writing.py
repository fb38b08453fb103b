"""A client that commits numbered rows, and records which commits were acknowledged, and when."""

import subprocess
import threading
import time
from types import TracebackType
from typing import Self

from tests.waiting import eventually

from .platform import DATABASE, BackedUp

TABLE = "CREATE TABLE IF NOT EXISTS numbered (n bigint PRIMARY KEY, pad text)"


class Numbers:
    """Writes one row after the other until its end. After a lost connection it connects again."""

    def __init__(self, platform: BackedUp, *, pause_s: float = 0.02, bytes_: int = 100) -> None:
        self._platform, self._pause_s, self._bytes = platform, pause_s, bytes_
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.acknowledged: dict[int, float] = {}
        """The time of each acknowledged commit."""
        platform.sql(TABLE, DATABASE)
        self._next = int(platform.sql("SELECT coalesce(max(n), 0) + 1 FROM numbered", DATABASE))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def go_on(self, rows: int = 20) -> None:
        """Waits for this many more acknowledged commits."""
        wanted = len(self.acknowledged) + rows
        eventually(lambda: len(self.acknowledged) >= wanted)

    def lost_s(self) -> float:
        """Returns the seconds between the last commit that is still there and the last acknowledged one.

        Raises if an earlier one is missing.
        """
        kept = {int(each) for each in self._platform.sql("SELECT n FROM numbered", DATABASE).split()}
        last = max(number for number in self.acknowledged if number in kept)
        missing = [number for number in self.acknowledged if number < last and number not in kept]
        assert not missing, f"{len(missing)} commits are missing before the last one"
        return max(self.acknowledged.values()) - self.acknowledged[last]

    def _write(self) -> None:
        session = ["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", DATABASE]
        command = ["docker", "exec", "-i", f"sertantai-{self._platform.stack}-postgres", *session]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        while not self._over.is_set():
            with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]
                while not self._over.is_set() and self._commit(process):
                    time.sleep(self._pause_s)
                process.kill()
            time.sleep(0.1)

    def _commit(self, process: "subprocess.Popen[str]") -> bool:
        """Commits one row. Returns False if the session is over: its last commit may be there or not."""
        number, self._next = self._next, self._next + 1
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(f"INSERT INTO numbered VALUES ({number}, repeat('x', {self._bytes})) RETURNING n;\n")
            process.stdin.flush()
        except OSError:
            return False
        if process.stdout.readline().strip() != str(number):
            return False
        self.acknowledged[number] = time.monotonic()
        return True
