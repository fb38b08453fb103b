"""Removes containers that no longer serve."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.throwaway.box import SERVE, Boxes, Said, docker
from tests.throwaway.calling import call
from tests.throwaway.sites import remove, switch
from tests.waiting import eventually

pytestmark = pytest.mark.docker
# Answers each request after the seconds in its path, like one in flight while its container is to be removed.
SLOW = """exec python3 -c '
import http.server, time
class Slow(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        open("/tmp/asked-" + self.path[1:], "w").close()
        time.sleep(int(self.path[1:]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"served to the end")
http.server.ThreadingHTTPServer(("", 4000), Slow).serve_forever()
'"""


def retire(
    boxes: Boxes, gateway: str, service: str, current: Sequence[str], drain_s: int = 5, grace_s: int = 5
) -> Said:
    keep = [f"{boxes.stack}-{name}" for name in current]
    return call("retire", boxes.stack, service, keep=keep, gateway=gateway, drain=drain_s, grace=grace_s)


def take_out(boxes: Boxes, cluster: str, service: str) -> Said:
    return call("take-out", boxes.stack, service, postgres=cluster, grace=5)


def service(boxes: Boxes, name: str, *parts: str, stack: str | None = None) -> None:
    for part in parts:
        labels = boxes.labels(name, part.split("-")[0])
        boxes.start(f"{name}-{part}", labels=labels | ({"sertantai.stack": stack} if stack else {}))


def test_current_containers_stay_and_the_services_others_are_removed(boxes: Boxes, gateway: str) -> None:
    service(boxes, "legal", "app-old", "app-new", "electric-old", "electric-new")
    said = retire(boxes, gateway, "legal", ["legal-app-new", "legal-electric-new"])
    assert said.ok, said.error
    assert boxes.names() == {"legal-app-new", "legal-electric-new"}
    assert boxes.running(f"{boxes.stack}-legal-app-new")
    assert said.out.startswith("legal: removed ")
    assert {f"{boxes.stack}-legal-app-old", f"{boxes.stack}-legal-electric-old"} == set(said.out.split()[2:])


def test_a_container_whose_name_only_begins_or_ends_like_a_current_one_is_removed(boxes: Boxes, gateway: str) -> None:
    service(boxes, "legal", "app-1", "app-12", "app")
    boxes.start(f"{boxes.stack}-legal-app-1", labels=boxes.labels("legal"))
    assert retire(boxes, gateway, "legal", ["legal-app-1"]).ok
    assert boxes.names() == {"legal-app-1"}


def test_a_stopped_container_of_a_killed_release_is_removed_too(boxes: Boxes, gateway: str) -> None:
    service(boxes, "legal", "app-new", "app-dead")
    docker("kill", f"{boxes.stack}-legal-app-dead")
    assert retire(boxes, gateway, "legal", ["legal-app-new"]).ok
    assert boxes.names() == {"legal-app-new"}


def test_other_services_and_other_stacks_do_not_change(boxes: Boxes, gateway: str) -> None:
    service(boxes, "legal", "app-old", "app-new")
    service(boxes, "auth", "app-old")
    service(boxes, "legal", "app-elsewhere", stack=f"{boxes.stack}-other")
    boxes.start("stranger")
    assert retire(boxes, gateway, "legal", ["legal-app-new"]).ok
    assert boxes.names() == {"legal-app-new", "auth-app-old", "legal-app-elsewhere", "stranger"}


def test_a_removed_service_is_removed_whole_even_without_the_gateway(boxes: Boxes, cluster: str) -> None:
    service(boxes, "legal", "app-1", "electric-1")
    service(boxes, "auth", "app-1")
    said = take_out(boxes, cluster, "legal")
    assert said.ok, said.error
    assert boxes.names() == {"auth-app-1"}


def test_nothing_to_remove_is_no_mistake(boxes: Boxes, gateway: str, cluster: str) -> None:
    service(boxes, "auth", "app-1")
    for said in (retire(boxes, gateway, "legal", ["legal-app-1"], drain_s=600), take_out(boxes, cluster, "legal")):
        assert (said.code, said.out, said.error) == (0, "", "")


def test_nothing_is_retired_if_docker_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    said = call("retire", "trial", "legal", keep=["legal-app-1"], gateway="nginx", drain=1, grace=1)
    assert said.code == 1
    assert said.out.startswith("Docker does not answer on the host")


def test_a_container_may_use_its_grace(boxes: Boxes, gateway: str, tmp_path: Path) -> None:
    orderly = "trap 'sleep 1; touch /out/in-order; exit 0' TERM; touch /out/begun; while :; do sleep 0.05; done"
    boxes.start("legal-app-old", orderly, boxes.labels("legal"), ["-v", f"{tmp_path}:/out"])
    eventually((tmp_path / "begun").exists)
    assert retire(boxes, gateway, "legal", ["legal-app-new"], grace_s=60).ok
    assert (tmp_path / "in-order").exists()


def test_a_container_that_does_not_end_is_killed_after_its_grace(boxes: Boxes, gateway: str) -> None:
    boxes.start("legal-app-old", "trap '' TERM; while :; do sleep 0.05; done", boxes.labels("legal"))
    said = retire(boxes, gateway, "legal", ["legal-app-new"], grace_s=1)
    assert said.ok
    assert boxes.names() == set()


@pytest.fixture
def in_flight(shared: Boxes, gateway: str) -> Iterator[Boxes]:
    """A service whose old container has a request in flight and no new ones: the gateway has switched."""
    labels = shared.labels("slow")
    for turn in ("old", "new"):
        alias = ["--network", shared.stack, "--network-alias", f"slow-{turn}"]
        shared.start(f"slow-app-{turn}", SLOW if turn == "old" else SERVE, labels, options=alias)
    assert switch(gateway, "slow", site("old")).ok
    eventually(lambda: ask(gateway, 0).ok)
    yield shared
    remove(gateway, "slow")
    docker("rm", "-f", f"{shared.stack}-slow-app-old", f"{shared.stack}-slow-app-new")


def site(turn: str) -> str:
    upstream = f"upstream slow {{ zone slow 64k; server slow-{turn}:4000 resolve; }}"
    return f"{upstream}\nserver {{ listen 80; server_name slow.test; location / {{ proxy_pass http://slow; }} }}\n"


def ask(gateway: str, seconds: int) -> Said:
    return docker("exec", gateway, "curl", "-fsS", "-m", "300", "-H", "Host: slow.test", f"http://127.0.0.1/{seconds}")


@pytest.mark.parametrize(("seconds", "drain_s", "served"), [(4, 900, True), (250, 1, False)])
def test_requests_in_flight_may_complete_during_the_drain(
    in_flight: Boxes, gateway: str, seconds: int, drain_s: int, served: bool
) -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, gateway, seconds)
        begun = ("exec", f"{in_flight.stack}-slow-app-old", "test", "-e", f"/tmp/asked-{seconds}")
        eventually(lambda: docker(*begun).ok)
        assert switch(gateway, "slow", site("new")).ok
        said = retire(in_flight, gateway, "slow", ["slow-app-new"], drain_s, grace_s=0)
    assert said.ok, said.error
    assert "slow-app-old" not in in_flight.names()
    assert (answer.result().out == "served to the end") == served
    assert ("slow: after 1 s the gateway still had requests in flight" in said.out) != served
    assert said.took_s < 200  # neither the whole drain nor the whole request
