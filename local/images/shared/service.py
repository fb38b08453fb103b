"""An HTTP/1.1 server with a thread for each connection. When it is stopped, it finishes the requests in flight."""

import json
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from urllib.parse import parse_qs, unquote, urlsplit

Talk = Callable[[BufferedIOBase, socket.socket], None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request. The method of a HEAD request is GET."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Message
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer. `body` is bytes, or pieces that are sent one by one. `talk` takes over the connection instead."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] = b""
    talk: Talk | None = None


def say(line: str) -> None:
    """Writes a line to the container's log at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def as_json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Returns an answer with the value as JSON."""
    return Answer(
        status=status,
        headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})},
        body=json.dumps(value, default=str).encode(),
    )


class Service(ThreadingHTTPServer):
    """Answers every request on a port with one function."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(self, port: int, answer: Callable[[Request], Answer]) -> None:
        self.answer = answer
        self.stopping = False
        self._busy: dict[_Connection, bool] = {}
        self._changed = threading.Condition()
        super().__init__(("", port), _Connection)

    def run(self, on_stop: Callable[[], None] = lambda: None) -> None:
        """Serves until SIGTERM or SIGINT, then finishes the requests in flight."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=self.shutdown).start())
        self.serve_forever(poll_interval=0.05)
        say("stopping: no new requests")
        self.server_close()
        on_stop()
        with self._changed:
            self.stopping = True
            for connection, busy in self._busy.items():
                if not busy:
                    connection.wake()
            self._changed.wait_for(lambda: not any(self._busy.values()))
            self._changed.wait_for(lambda: not self._busy, timeout=1)
        say("stopped")

    def mark(self, connection: "_Connection", busy: bool | None) -> None:
        """Records whether a connection has a request in flight. None: the connection is closed."""
        with self._changed:
            if busy is None:
                self._busy.pop(connection, None)
            else:
                self._busy[connection] = busy
                if self.stopping and not busy:
                    connection.wake()
            self._changed.notify_all()


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Service

    def wake(self) -> None:
        """Ends the wait for the next request: the connection reads the end of its input."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)

    def handle(self) -> None:
        self.server.mark(self, False)
        try:
            with suppress(ConnectionError, TimeoutError):
                super().handle()
        finally:
            self.server.mark(self, None)

    def parse_request(self) -> bool:
        self.server.mark(self, True)
        return super().parse_request()

    def handle_one_request(self) -> None:
        super().handle_one_request()
        self.server.mark(self, False)

    def respond(self) -> None:
        parts = urlsplit(self.path)
        request = Request(
            method="GET" if self.command == "HEAD" else self.command,
            path=unquote(parts.path),
            query=parse_qs(parts.query, keep_blank_values=True),
            headers=self.headers,
            body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
        )
        try:
            answer = self.server.answer(request)
        except Exception as error:
            traceback.print_exc(file=sys.stdout)
            answer = as_json({"error": type(error).__name__}, 500)
        self.send(answer)

    def send(self, answer: Answer) -> None:
        whole = isinstance(answer.body, bytes)
        chunked = not whole and self.request_version != "HTTP/1.0"
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.talk:
            self.end_headers()
            self.wfile.flush()
            self.server.mark(self, False)
            answer.talk(self.rfile, self.connection)
            self.close_connection = True
            return
        if isinstance(answer.body, bytes):
            self.send_header("Content-Length", str(len(answer.body)))
        elif chunked:
            self.send_header("Transfer-Encoding", "chunked")
        if self.server.stopping or not (whole or chunked):
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.send_body(answer.body, chunked)

    def send_body(self, body: bytes | Iterable[bytes], chunked: bool) -> None:
        if isinstance(body, bytes):
            self.wfile.write(body)
            return
        for piece in body:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            self.wfile.flush()
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the standard library's
        """Logs nothing: health checks would fill the log."""


for _method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
    setattr(_Connection, f"do_{_method}", _Connection.respond)
