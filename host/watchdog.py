"""Ends Docker's clients once the container's first process is gone, which Docker itself may never notice.

Docker 20.10 handles a container's events one by one, and the end of a `docker exec` only once its client has read all
output. A client that waits for a second one in the same container therefore waits forever: the end of the second comes
after that of the first (moby/moby#43022). Until then, Docker also does not restart the container.
"""

import subprocess
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import docker
from .failure import Failure

POLL_S = 5
"""Long enough for Docker to notice it by itself."""


@contextmanager
def watch(container: str, clients: Collection["subprocess.Popen[bytes]"]) -> Iterator[None]:
    """Watches while the clients run. `clients` may grow meanwhile."""
    process = _first_process(container)
    if not process.exists():  # if Docker runs in a virtual machine, its processes are never visible here
        yield
        return
    is_over = threading.Event()

    def end_clients() -> None:
        while not is_over.wait(POLL_S):
            if not process.exists():
                for client in list(clients):
                    client.kill()

    thread = threading.Thread(target=end_clients)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _first_process(container: str) -> Path:
    """Returns the folder in /proc of the container's first process. If there is no container, its clients fail."""
    try:
        return Path("/proc", str(docker.inspect(container)["State"]["Pid"]))
    except Failure:
        return Path("/proc/0")
