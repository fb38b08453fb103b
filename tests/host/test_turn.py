"""The gateway switches to the new Electric, and requests wait until it is active."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest

from host.gateway import Gateway
from render import nginx
from tests.render.test_gateway import curl, site
from tests.throwaway.box import Boxes, docker
from tests.throwaway.calling import fingerprints
from tests.throwaway.sites import placeholder, remove, switch
from tests.waiting import eventually

pytestmark = pytest.mark.docker
TARGET, DOMAIN = "sites/turned.conf", "turned.sertantai.com"
ANSWER = """
import http.server
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"NAME")
http.server.ThreadingHTTPServer(("", 3000), Answer).serve_forever()
"""


def electric(shared: Boxes, word: str) -> str:
    """An Electric that answers with one word."""
    options = ["--network", shared.stack, "--network-alias", f"turned-electric-{word}"]
    name = shared.start(f"turned-{word}", f"exec python3 -c '{ANSWER.replace('NAME', word)}'", options=options)
    eventually(lambda: docker("exec", name, "curl", "-fs", "http://127.0.0.1:3000/").ok)
    return name


def ask(gateway: str, url: str, *options: str) -> str:
    """As `curl`, with more patience than nginx has."""
    return curl(gateway, url, "-m", "60", *options)


def answer(gateway: str) -> str:
    return ask(gateway, "http://turned-electric:3000/").partition("\n")[0]


def turn(gateway: str, word: str) -> None:
    Gateway(gateway).switch_upstream("turned", f"turned-electric-{word}")


def holding(gateway: str, word: str, limit_s: int = 60) -> AbstractContextManager[None]:
    return Gateway(gateway).hold_requests("turned/electric", f"turned-electric-{word}", limit_s)


def marks(gateway: str) -> str:
    return str(fingerprints(gateway=gateway).get(TARGET, ""))


def old_site() -> str:
    """The site with the old Electric as upstream."""
    text, _ = site("turned", {"domain": DOMAIN})
    return text.replace("turned-electric-1a2b3c4", "turned-electric-old")


@pytest.fixture
def served(shared: Boxes, gateway: str) -> Iterator[Boxes]:
    """A gateway whose site has the old Electric as upstream."""
    electric(shared, "old")
    assert placeholder(gateway, DOMAIN).ok
    switched = switch(gateway, "turned", old_site(), "1a2b", [DOMAIN])
    assert switched.ok, switched.out
    eventually(lambda: answer(gateway) == "old")
    yield shared
    assert remove(gateway, "turned").ok
    for name in [name for name in shared.made if "-turned-" in name]:
        docker("rm", "-f", name)


def test_after_the_switch_no_request_reaches_the_old_electric(served: Boxes, gateway: str) -> None:
    electric(served, "new")
    turn(gateway, "new")
    assert answer(gateway) == "new"
    assert docker("kill", f"{served.stack}-turned-old").ok
    assert {answer(gateway) for _ in range(20)} == {"new"}


def test_it_can_be_switched_back(served: Boxes, gateway: str) -> None:
    turn(gateway, "new")
    turn(gateway, "old")
    assert answer(gateway) == "old"


def test_a_switch_of_the_upstream_is_no_drift(served: Boxes, gateway: str) -> None:
    assert marks(gateway) == "1a2b"
    turn(gateway, "new")
    assert marks(gateway) == "1a2b"


def test_a_switch_of_the_upstream_keeps_the_sites_domains(served: Boxes, gateway: str) -> None:
    turn(gateway, "new")
    assert docker("exec", gateway, "cat", f"{nginx.VOLUME}/domains/turned").out == "turned.sertantai.com"


def test_only_electrics_upstream_is_switched(served: Boxes, gateway: str) -> None:
    text = f"cat {nginx.VOLUME}/{TARGET}"
    before = docker("exec", gateway, "sh", "-c", text).out
    turn(gateway, "new")
    after = docker("exec", gateway, "sh", "-c", text).out
    assert after == before.replace("turned-electric-old", "turned-electric-new") != before


PUBLIC = "https://turned.sertantai.com/electric/laws?offset=-1"
INSIDE = "http://turned-electric:3000/v1/shape?secret=s3cr3t"


@pytest.mark.parametrize("url", [PUBLIC, INSIDE], ids=["public", "inside"])
def test_requests_wait_and_get_their_answer_once_the_new_electric_is_active(
    served: Boxes, gateway: str, url: str
) -> None:
    electric(served, "new")
    # Ten times this, not three seconds in all: on a busy machine it takes longer until all of them wait.
    assert "300ms" in old_site()
    assert switch(gateway, "turned", old_site().replace("300ms", "2s"), "1a2b", [DOMAIN]).ok
    with ThreadPoolExecutor(5) as pool:
        with holding(gateway, "new"):
            turn(gateway, "new")
            held = [pool.submit(ask, gateway, url) for _ in range(5)]
            eventually(lambda: docker("exec", gateway, "pgrep", "-c", "-x", "curl").out == "5")
            time.sleep(0.7)
            assert not [each for each in held if each.done()]
        assert {each.result().partition("\n")[0] for each in held} == {"new"}


@pytest.mark.parametrize("url", [PUBLIC, INSIDE], ids=["public", "inside"])
def test_a_request_that_has_waited_for_three_seconds_gets_retry_after(served: Boxes, gateway: str, url: str) -> None:
    with holding(gateway, "new"):
        turn(gateway, "new")
        answer = ask(gateway, url, "-i", "-w", "\n%{http_code} %{time_total}")
    status, seconds = answer.splitlines()[-1].split()
    assert status == "503"
    assert 2.5 < float(seconds) < 15
    assert "retry-after: 1" in answer.lower()
    assert "s3cr3t" not in docker("logs", gateway).out


def test_the_old_electric_answers_until_the_switch(served: Boxes, gateway: str) -> None:
    with holding(gateway, "new"):
        assert answer(gateway) == "old"


def test_requests_continue_if_the_caller_dies(served: Boxes, gateway: str) -> None:
    electric(served, "new")
    holding(gateway, "new", limit_s=1).__enter__()
    turn(gateway, "new")
    assert answer(gateway) == "new"
    eventually(lambda: not docker("exec", gateway, "test", "-e", f"{nginx.HELD_SERVERS}/turned-electric-new").ok)


def test_a_missing_electric_gets_503_with_retry_after(served: Boxes, gateway: str) -> None:
    assert docker("kill", f"{served.stack}-turned-old").ok
    for url in (PUBLIC, INSIDE):
        response = ask(gateway, url, "-i")
        assert response.splitlines()[-1].startswith("503")
        assert "retry-after: 1" in response.lower()


def test_the_waiting_location_cannot_be_requested_from_outside(served: Boxes, gateway: str) -> None:
    assert "\n404" in curl(gateway, "https://turned.sertantai.com/electric/.held")
    assert "\n404" in curl(gateway, "http://turned-electric:3000/.held")


def test_a_service_without_a_site_has_no_upstream_to_switch(gateway: str) -> None:
    Gateway(gateway).switch_upstream("unknown", "unknown-electric-new")
    assert not docker("exec", gateway, "test", "-e", f"{nginx.VOLUME}/sites/unknown.conf").ok
