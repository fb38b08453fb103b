"""A client of the gateway that writes requests byte by byte."""

import socket
import ssl
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from tests.throwaway.box import docker


def port(gateway: str) -> int:
    """Returns the address of the gateway's 443 on this machine."""
    return int(docker("port", gateway, "443/tcp").out.rpartition(":")[2])


def connect(at: int, name: str | None, protocol: str = "http/1.1") -> ssl.SSLSocket:
    """Opens a connection for the certificate of `name`, from any issuer."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    plain = socket.create_connection(("127.0.0.1", at), timeout=20)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(plain, server_hostname=name)


class Wire:
    """Opens one connection after the other, each for as long as the gateway keeps it."""

    def __init__(self, gateway: str, name: str) -> None:
        self._port, self._name = port(gateway), name
        self._socket: ssl.SSLSocket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Returns status and body of the answer, 0 if there is none."""
        self._socket = self._socket or connect(self._port, self._name)
        head, body = b"", b""
        try:
            self._socket.sendall(request)
            head, _, body = b"".join(self._until(b"\r\n\r\n")).partition(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            length = 0 if request.startswith(b"HEAD ") else int(fields.get(b"content-length", 0))
            pieces, missing = [body], length - len(body)
            while missing > 0 and (piece := self._socket.recv(65536)):
                pieces.append(piece)
                missing -= len(piece)
            body = b"".join(pieces)
            if fields.get(b"connection") == b"close":
                self.close()
        except OSError:
            self.close()
        if not head:
            self.close()
            return 0, b""
        return int(head.split()[1]), body

    def _until(self, end: bytes) -> Iterator[bytes]:
        assert self._socket
        seen = b""
        while end not in seen and (piece := self._socket.recv(65536)):
            seen += piece
            yield piece
