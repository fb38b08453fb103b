"""The running gateway, attacked from outside and from inside a compromised app."""

import socket
import ssl
import time
from contextlib import ExitStack

import pytest

from .foundation import all_serve, own
from .platform import HTTPS, Platform

pytestmark = [pytest.mark.e2e, pytest.mark.docker]
LEGAL = "legal.localhost"
# Connections with half a request each, open until the script's stdin closes.
HALF = """
import socket, sys, time
held = []
for _ in range(3000):
    try:
        held.append(socket.create_connection(("auth", 4001), timeout=5))
        held[-1].sendall(b"GET / HTTP/1.1\\r\\nHost: auth\\r\\n")
    except OSError:
        pass
print(len(held), flush=True)
time.sleep(6)
"""
ASK = """
import sys, urllib.error, urllib.request
for path in sys.argv[1:]:
    request = urllib.request.Request("http://nginx:3000" + path, headers={"Host": "legal-electric:3000"})
    try:
        print(urllib.request.urlopen(request, timeout=10).status)
    except urllib.error.HTTPError as error:
        print(error.code)
"""


def inside_app(platform: Platform, service: str, script: str, *words: str) -> str:
    [app] = platform.containers(service=service, part="app")
    code, output = app.exec_run(["python3", "-c", script, *words])
    text = bytes(output).decode()  # type: ignore[arg-type]
    assert code == 0, text
    return text


def stands(platform: Platform, since: str) -> bool:
    """Whether the gateway kept running without the loss of a worker."""
    gateway = own(platform, "nginx")
    return gateway.attrs["State"]["StartedAt"] == since and b"exited on signal" not in gateway.logs(stdout=False)


def test_slow_uploads_from_outside_do_not_stop_the_gateway(platform: Platform) -> None:
    since = own(platform, "nginx").attrs["State"]["StartedAt"]
    trust = ssl.create_default_context(cafile=platform.acme / "roots.pem")
    with ExitStack() as held:
        for _ in range(13):
            plain = held.enter_context(socket.create_connection(("127.0.0.1", HTTPS), timeout=10))
            one = held.enter_context(trust.wrap_socket(plain, server_hostname=LEGAL))
            one.sendall(f"POST /api/items HTTP/1.1\r\nHost: {LEGAL}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
            try:
                for _ in range(20):
                    one.sendall(b"100000\r\n" + bytes(2**20) + b"\r\n")
            except OSError:
                pass  # refused during the upload
        assert all_serve(platform)
    assert stands(platform, since)


def test_an_app_that_opens_thousands_of_connections_stops_no_other_service(platform: Platform) -> None:
    since = own(platform, "nginx").attrs["State"]["StartedAt"]
    [app] = platform.containers(service="legal", part="app")
    execution = platform.docker.api.exec_create(app.id, ["python3", "-c", HALF])
    output = platform.docker.api.exec_start(execution["Id"], stream=True)
    assert int(next(output)) > 500
    begun = time.monotonic()
    while time.monotonic() - begun < 3:
        assert all_serve(platform)
    assert stands(platform, since)


def test_an_app_reads_no_shape_of_another_service(platform: Platform) -> None:
    shape = "/v1/shape?table=uk_lrt&columns=id,name&offset=-1"
    asked = [shape, f"{shape}&secret=guess", "/electric/laws?offset=-1"]
    assert inside_app(platform, "auth", ASK, *asked).split() == ["401", "401", "404"]
