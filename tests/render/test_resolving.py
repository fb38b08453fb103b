"""nginx has no address of a new container for a moment after each switch. Requests in that moment wait."""

import json
from collections.abc import Iterator

import pytest

from render import nginx
from settings import parse
from tests.throwaway.box import Boxes, docker
from tests.throwaway.sites import remove, switch
from tests.waiting import eventually

from ..settings.stack import REMOVED, SMALL, changed

pytestmark = pytest.mark.docker
SWITCHES = 8
COUNT = """exec python3 -c '
import hashlib, http.server
class Count(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        print("got", self.path, flush=True)
        if self.path == "/close":
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(hashlib.sha256(body).hexdigest().encode())
    def log_message(self, *words): pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 200
Server(("", 4000), Count).serve_forever()
'"""
"""An app that prints the path of each POST and answers with the hash of its body, but closes /close."""
POSTS = """
import collections, hashlib, http.client, itertools, json, os, threading, time
numbers, answers = itertools.count(), collections.Counter()
def post():
    while not os.path.exists("/tmp/enough"):
        body = os.urandom(40000)
        connection = http.client.HTTPConnection("127.0.0.1", 4000, timeout=10)
        try:
            connection.request("POST", f"/{next(numbers)}", body, {"Host": "moment"})
            answer = connection.getresponse()
            right = answer.read().decode() == hashlib.sha256(body).hexdigest()
            answers[f"{answer.status} {right}"] += 1
        except OSError as error:
            answers[repr(error)] += 1
        connection.close()
        time.sleep(0.002)
threads = [threading.Thread(target=post) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(answers))
"""
"""A client that posts bodies, each on a connection of its own, until there is a file, and counts the answers."""


def site(app: str) -> str:
    """A site whose app is this container."""
    paths = {"domain": REMOVED, "app/routes": REMOVED, "app/port": 4000, "frontend": REMOVED, "electric": REMOVED}
    block = {"services": {"moment": SMALL["services"]["legal"]}}
    service = parse(changed(changed(SMALL, block), {f"services/moment/{path}": value for path, value in paths.items()}))
    return nginx.site("moment", service.services["moment"], {"app": [app]}, None, 443)


@pytest.fixture
def apps(shared: Boxes, gateway: str) -> Iterator[list[str]]:
    """Two containers of an app, as before and after a release."""
    names = ["moment-app-old", "moment-app-new"]
    apps = [shared.start(name, COUNT, options=["--network", shared.stack, "--network-alias", name]) for name in names]
    assert switch(gateway, "moment", site(names[0])).ok
    post = ["curl", "-sf", "-d", "x", "-H", "Host: moment", "http://127.0.0.1:4000/ready"]
    eventually(lambda: docker("exec", gateway, *post).ok)
    assert switch(gateway, "moment", site(names[1])).ok
    eventually(lambda: docker("exec", gateway, *post).ok)
    yield apps
    remove(gateway, "moment")
    docker("rm", "-f", *apps)


def received(apps: list[str]) -> list[str]:
    """Returns the paths that the apps received."""
    return [line.split()[1] for app in apps for line in docker("logs", app).out.splitlines() if line.startswith("got")]


def test_no_request_fails_and_none_is_sent_twice_at_a_switch_to_a_new_container(apps: list[str], gateway: str) -> None:
    assert docker("exec", "-d", gateway, "sh", "-c", f"python3 -c '{POSTS}' > /tmp/answers").ok
    eventually(lambda: len(received(apps)) > 50)
    for turn in range(SWITCHES):
        assert switch(gateway, "moment", site(("moment-app-old", "moment-app-new")[turn % 2])).ok
    assert docker("exec", gateway, "touch", "/tmp/enough").ok
    eventually(lambda: "{" in docker("exec", gateway, "cat", "/tmp/answers").out)
    answers = docker("exec", gateway, "cat", "/tmp/answers").out
    assert list(json.loads(answers)) == ["200 True"], answers
    paths = [path for path in received(apps) if path != "/ready"]
    assert len(paths) == len(set(paths))


def test_a_request_that_an_app_has_received_is_not_sent_again(apps: list[str], gateway: str) -> None:
    words = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-d", "x", "-H", "Host: moment"]
    assert docker("exec", gateway, "curl", *words, "http://127.0.0.1:4000/close").out == "502"
    assert docker("exec", gateway, "curl", *words, "http://127.0.0.1:4000/after").out == "200"
    eventually(lambda: "/after" in received(apps))  # Docker writes a log a moment later
    assert received(apps).count("/close") == 1
