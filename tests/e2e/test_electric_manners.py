"""The behaviour that the cut-over relies on: two Electrics on one storage while the slot changes its owner."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from docker.models.containers import Container

from render.environment import ELECTRIC_PORT
from tests.waiting import eventually

from .laws import electric, insert, names
from .platform import Platform

pytestmark = [pytest.mark.one_runner, pytest.mark.e2e, pytest.mark.docker]
INSIDE = f"http://127.0.0.1:{ELECTRIC_PORT}"
WHOLE = {"table": "uk_lrt", "columns": "id,name"}


class Answer:
    """Returns an Electric's answer to a request from its own container."""

    def __init__(self, text: str) -> None:
        head, _, self.body = text.replace("\r", "").partition("\n\n")
        status, *lines = head.splitlines() or [""]
        self.status = int([*status.split(), "0", "0"][1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def ask(container: Container, **query: str) -> Answer:
    secret = next(entry for entry in container.attrs["Config"]["Env"] if entry.startswith("ELECTRIC_SECRET="))
    asked = urlencode({**WHOLE, **query, "secret": secret.partition("=")[2]})
    said = container.exec_run(["curl", "-si", "-m", "40", f"{INSIDE}/v1/shape?{asked}"])
    return Answer(bytes(said.output).decode())  # type: ignore[arg-type]


def status(container: Container) -> str:
    said = container.exec_run(["curl", "-s", "-m", "20", f"{INSIDE}/v1/health"])
    text = bytes(said.output).decode()  # type: ignore[arg-type]
    return next((word for word in ("waiting", "starting", "active") if f'"{word}"' in text), text)


def polled(container: Container) -> "Future[Answer]":
    """A live poll that is open."""
    first = ask(container, offset="-1")
    place = {"handle": first.headers["electric-handle"], "offset": first.headers["electric-offset"]}
    while "electric-up-to-date" not in (first := ask(container, **place)).headers:
        place["offset"] = first.headers["electric-offset"]
    place["offset"] = first.headers["electric-offset"]
    answer: Future[Answer] = Future()
    threading.Thread(target=lambda: answer.set_result(ask(container, **place, live="true")), daemon=True).start()
    eventually(lambda: "live=true" in str(container.top()))
    time.sleep(1)  # then it has connected
    assert not answer.done()
    return answer


@pytest.fixture
def old(platform: Platform) -> Iterator[Container]:
    """The Electric that serves, with one shape. After the test it serves again."""
    container = electric(platform)
    insert(platform, names(3))
    assert ask(container, offset="-1").status == 200
    yield container
    container.start()
    eventually(lambda: status(container) == "active")


@pytest.fixture
def new(platform: Platform, old: Container) -> Iterator[Container]:
    """A second Electric with the same image, storage and stream id, which waits."""
    known = old.attrs
    [mount] = [mount for mount in known["Mounts"] if mount["Type"] == "volume"]
    container = platform.docker.containers.run(
        known["Config"]["Image"],
        environment=known["Config"]["Env"],
        network=next(iter(known["NetworkSettings"]["Networks"])),
        volumes={mount["Name"]: {"bind": mount["Destination"], "mode": "rw"}},
        labels={"sertantai.stack": platform.stack},  # the next run removes it if this run is killed
        detach=True,
    )
    try:
        container.reload()
        eventually(lambda: status(container) == "waiting")
        yield container
    finally:
        container.remove(force=True, v=True)


def test_a_waiting_electric_serves_its_shapes_without_new_rows(
    platform: Platform, old: Container, new: Container
) -> None:
    later = names(1)
    insert(platform, later)
    handle = ask(old, offset="-1").headers["electric-handle"]
    eventually(lambda: later[0] in ask(old, offset="0_0", handle=handle).body)
    for offset in ({"offset": "-1"}, {"offset": "0_0", "handle": handle}):
        seen = ask(new, **offset)
        assert seen.status == 200
        assert later[0] not in seen.body


def test_a_waiting_electric_creates_no_shape_and_does_not_know_newer_ones(old: Container, new: Container) -> None:
    unmade = ask(new, offset="-1", where="year = 1901")
    assert (unmade.status, unmade.headers["retry-after"]) == (503, "5")
    made = ask(old, offset="-1", where="year = 1902")
    assert made.status == 200
    # 409 once the new one has read of it from its storage.
    assert ask(new, offset="-1", where="year = 1902").status in (503, 409)
    place = {"offset": made.headers["electric-offset"], "handle": made.headers["electric-handle"]}
    assert ask(new, **place, where="year = 1902").status == 409


def test_a_poll_that_was_open_on_a_waiting_electric_must_fetch_again(
    platform: Platform, old: Container, new: Container
) -> None:
    poll = polled(new)
    old.kill()
    eventually(lambda: status(new) == "active")
    insert(platform, names(1))
    assert poll.result(30).status == 409


def test_a_stopped_electric_keeps_the_lock_while_a_poll_is_open_and_a_killed_one_does_not(
    old: Container, new: Container
) -> None:
    poll = polled(old)
    with ThreadPoolExecutor(1) as pool:
        stopped = pool.submit(old.stop, timeout=60)
        begun = time.monotonic()
        eventually(lambda: ask(old, offset="-1").status == 0)  # its port is closed, but it still has the lock
        assert status(new) == "waiting"
        eventually(lambda: status(new) == "active")
        stopped_s = time.monotonic() - begun
        assert stopped_s > 10
        stopped.result()
    assert poll.result(60).status == 0, "the poll is cut"
    old.start()
    eventually(lambda: status(old) == "waiting")
    polled(new)
    new.kill()
    assert eventually(lambda: status(old) == "active") < stopped_s
