"""Ports of this machine's loopback, which servers reach at their network's gateway."""

import selectors
import socket
import socketserver
import threading
from collections.abc import Sequence

LOOPBACK = "127.0.0.1"
DNS_TIMEOUT_S = 5


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, listens: tuple[str, int], target: tuple[str, int]) -> None:
        self.target = target
        super().__init__(listens, _Pipe)


class _Pipe(socketserver.BaseRequestHandler):
    """Copies both directions of one connection, until both have ended."""

    server: _Tcp

    def handle(self) -> None:
        here: socket.socket = self.request
        try:
            with socket.create_connection(self.server.target) as there, selectors.DefaultSelector() as ready:
                ready.register(here, selectors.EVENT_READ, there)
                ready.register(there, selectors.EVENT_READ, here)
                while ready.get_map():
                    for key, _ in ready.select():
                        if not self._pass_on(key.fileobj, key.data):
                            ready.unregister(key.fileobj)
        except OSError:
            return  # nobody listens, or one of the two is closed: the other is closed too

    def _pass_on(self, source: object, target: socket.socket) -> bool:
        assert isinstance(source, socket.socket)
        data = source.recv(65536)
        if data:
            target.sendall(data)
        else:
            target.shutdown(socket.SHUT_WR)
        return bool(data)


class _Udp(socketserver.ThreadingUDPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, listens: tuple[str, int], target: tuple[str, int]) -> None:
        self.target = target
        super().__init__(listens, _Question)


class _Question(socketserver.BaseRequestHandler):
    """Forwards one query and its answer."""

    server: _Udp

    def handle(self) -> None:
        question, here = self.request
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
            there.settimeout(DNS_TIMEOUT_S)
            there.sendto(question, self.server.target)
            try:
                here.sendto(there.recv(65536), self.client_address)
            except OSError:
                return  # the client receives no answer either


class Forwards:
    """TCP `ports` of the loopback under the same number at `gateway`, and the name server at `dns`."""

    def __init__(self, gateway: str, ports: Sequence[int], dns: tuple[str, int] | None = None) -> None:
        self._servers: list[socketserver.BaseServer] = []
        try:
            for port in ports:
                self._servers.append(_Tcp((gateway, port), (LOOPBACK, port)))
            if dns:
                self._servers.append(_Udp((gateway, 53), dns))
        except OSError:
            self.close()
            raise
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self._servers.clear()
