"""A client of Redis like an app's: it logs in with its URL, and its connections stay open."""

import socket
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Refusal:
    """An answer that is an error."""

    words: str


class Client:
    """One connection, with Redis's own protocol."""

    def __init__(self, port: int, url: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._answers = self._socket.makefile("rb")
        if url:
            parts = urlsplit(url)
            self.login = self.ask("AUTH", unquote(parts.username or ""), unquote(parts.password or ""))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._socket.close()

    def send(self, *words: str) -> None:
        pieces = [b"*%d\r\n" % len(words), *(b"$%d\r\n%s\r\n" % (len(word), word) for word in map(str.encode, words))]
        self._socket.sendall(b"".join(pieces))

    def ask(self, *words: str) -> object:
        self.send(*words)
        return self.answer()

    def answer(self) -> object:
        """Returns the next answer, or None if there is none or the connection is closed."""
        line = self._answers.readline().decode().strip()
        kind, rest = line[:1], line[1:]
        if kind == "-":
            return Refusal(rest)
        if kind == ":":
            return int(rest)
        if kind == "$" and rest != "-1":
            return self._answers.read(int(rest) + 2)[:-2].decode()
        if kind == "*":
            return [self.answer() for _ in range(int(rest))]
        return rest if kind == "+" else None
