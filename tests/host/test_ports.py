"""The gateway's ports are checked before the old gateway is stopped."""

import socket

import pytest

from tests.throwaway.box import Boxes, Said, docker
from tests.throwaway.calling import call
from tests.waiting import eventually

pytestmark = pytest.mark.docker


def ports(container: str, http: int, https: int, address: str = "127.0.0.1") -> Said:
    return call("ports", container, address=address, http_port=http, https_port=https)


def test_a_port_of_another_program_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held, socket.create_server(("127.0.0.1", 0)) as other:
        http, https = held.getsockname()[1], other.getsockname()[1]
        said = ports("trial-nobody", http, https, "0.0.0.0")
    assert said.code == 1
    assert said.error.splitlines() == [
        f"nginx/http_port: port {http} is taken by another program; stop that or choose another port",
        f"nginx/https_port: port {https} is taken by another program; stop that or choose another port",
    ]
    # Another program's connection may get one of them for a moment.
    eventually(lambda: ports("trial-nobody", http, https, "0.0.0.0").ok)


def test_a_port_of_another_container_is_reported_but_not_the_gateways_own(boxes: Boxes) -> None:
    name = boxes.start("held", "exec python3 -m http.server 80", options=["-p", "127.0.0.1::80"])
    port = int(docker("port", name, "80").out.rsplit(":", 1)[1])
    said = ports("trial-nobody", port, 1)
    assert said.code == 1
    words = f"nginx/http_port: port {port} is taken by the container {name}; stop that or choose another port\n"
    assert said.error == words
    assert ports(name, port, 1).ok
