"""The rate limit: a number of requests an hour, refilled continuously."""

import threading
import time

HOUR = 3600


class RateLimit:
    def __init__(self, an_hour: int) -> None:
        self.an_hour = an_hour
        self._left = float(an_hour)
        self._seen = time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> tuple[bool, dict[str, str]]:
        """Whether one more request may pass, and the headers with the number of remaining ones."""
        with self._lock:
            passed, self._seen = time.monotonic() - self._seen, time.monotonic()
            self._left = min(float(self.an_hour), self._left + passed * self.an_hour / HOUR)
            allowed = self._left >= 1
            self._left -= allowed
            reset = time.time() + (self.an_hour - self._left) * HOUR / self.an_hour
            return allowed, {
                "RateLimit-Limit": str(self.an_hour),
                "RateLimit-Remaining": str(int(self._left)),
                "RateLimit-Reset": str(int(reset)),
            }
