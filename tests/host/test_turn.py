"""The gateway is turned to the new Electric before the old one stops, so that there is always one that answers."""

from collections.abc import Iterator

import pytest

from host.gateway import Gateway
from render import nginx
from tests.render.box import Boxes, docker
from tests.render.test_gateway import curl, site
from tests.waiting import eventually

from .calling import fingerprints
from .sites import placeholder, remove, switch

pytestmark = pytest.mark.docker
TARGET = "sites/turned.conf"
ANSWER = """
import http.server
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"NAME")
http.server.ThreadingHTTPServer(("", 3000), Answer).serve_forever()
"""


def electric(shared: Boxes, word: str) -> str:
    """An Electric that answers by one word."""
    options = ["--network", shared.stack, "--network-alias", f"turned-electric-{word}"]
    return shared.start(f"turned-{word}", f"exec python3 -c '{ANSWER.replace('NAME', word)}'", options=options)


def answer(gateway: str) -> str:
    return curl(gateway, "http://turned-electric:3000/").partition("\n")[0]


def turn(gateway: str, word: str) -> None:
    Gateway(gateway).turn("turned", f"turned-electric-{word}")


def marks(gateway: str) -> str:
    return str(fingerprints(gateway=gateway).get(TARGET, ""))


@pytest.fixture
def served(shared: Boxes, gateway: str) -> Iterator[Boxes]:
    """A gateway whose site leads to the old Electric."""
    electric(shared, "old")
    text, domain = site("turned", {"domain": "turned.sertantai.com"})
    assert domain
    assert placeholder(gateway, domain).ok
    text = text.replace("turned-electric-1a2b3c4", "turned-electric-old")
    switched = switch(gateway, "turned", text, "1a2b", [domain])
    assert switched.ok, switched.out
    eventually(lambda: answer(gateway) == "old")
    yield shared
    assert remove(gateway, "turned").ok
    for name in [name for name in shared.made if "-turned-" in name]:
        docker("rm", "-f", name)


def test_from_the_moment_of_the_turn_nobody_asks_the_old(served: Boxes, gateway: str) -> None:
    electric(served, "new")
    turn(gateway, "new")
    assert answer(gateway) == "new"
    assert docker("kill", f"{served.stack}-turned-old").ok
    assert {answer(gateway) for _ in range(20)} == {"new"}


def test_it_can_be_turned_back(served: Boxes, gateway: str) -> None:
    turn(gateway, "new")
    turn(gateway, "old")
    assert answer(gateway) == "old"


def test_a_turn_is_no_drift(served: Boxes, gateway: str) -> None:
    assert marks(gateway) == "1a2b"
    turn(gateway, "new")
    assert marks(gateway) == "1a2b"


def test_only_electrics_upstream_is_turned(served: Boxes, gateway: str) -> None:
    text = f"cat {nginx.VOLUME}/{TARGET}"
    before = docker("exec", gateway, "sh", "-c", text).out
    turn(gateway, "new")
    after = docker("exec", gateway, "sh", "-c", text).out
    assert after == before.replace("turned-electric-old", "turned-electric-new") != before


def test_a_service_without_a_site_yet_has_nothing_to_turn(gateway: str) -> None:
    Gateway(gateway).turn("unknown", "unknown-electric-new")
    assert not docker("exec", gateway, "test", "-e", f"{nginx.VOLUME}/sites/unknown.conf").ok
