"""A client that commits numbered rows, and records which commits were acknowledged, and when."""

import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.waiting import eventually

TABLE = "CREATE TABLE IF NOT EXISTS numbered (n bigint PRIMARY KEY, pad text)"


class Numbers:
    """Writes one row after the other until its end. After a lost connection it connects again."""

    def __init__(self, sql: Callable[[str], str], session: list[str], *, pause_s: float = 0.02) -> None:
        """`sql` asks the database, and the command `session` is psql in it, which reads from stdin."""
        self._sql, self._session, self._pause_s = sql, session, pause_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.acknowledged: dict[int, float] = {}
        """The time of each acknowledged commit."""
        self.connections = 0
        sql(TABLE)
        self._next = int(sql("SELECT coalesce(max(n), 0) + 1 FROM numbered"))

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
        kept = {int(each) for each in self._sql("SELECT n FROM numbered").split()}
        last = max(number for number in self.acknowledged if number in kept)
        missing = [number for number in self.acknowledged if number < last and number not in kept]
        assert not missing, f"{len(missing)} commits are missing before the last one"
        return max(self.acknowledged.values()) - self.acknowledged[last]

    def _write(self) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        while not self._over.is_set():
            self.connections += 1
            # PostgreSQL may end before the last line is written.
            with suppress(OSError), subprocess.Popen(self._session, text=True, **pipes) as process:  # type: ignore[call-overload]
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
            process.stdin.write(f"INSERT INTO numbered VALUES ({number}, repeat('x', 100)) RETURNING n;\n")
            process.stdin.flush()
        except OSError:
            return False
        if process.stdout.readline().strip() != str(number):
            return False
        self.acknowledged[number] = time.monotonic()
        return True
