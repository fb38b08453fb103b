"""Echoes over a websocket (RFC 6455): text and pings, without fragments or extensions."""

import base64
import hashlib
import socket
import struct
from io import BufferedIOBase

from .service import Answer, Request, as_json

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
GOING_AWAY = 1001


def echo(request: Request) -> Answer:
    """Answers the opening handshake, then sends every text back."""
    key = request.headers.get("Sec-WebSocket-Key")
    if request.headers.get("Upgrade", "").lower() != "websocket" or key is None:
        return as_json({"error": "a websocket handshake is expected"}, 426, {"Upgrade": "websocket"})
    accept = base64.b64encode(hashlib.sha1(f"{key}{GUID}".encode(), usedforsecurity=False).digest()).decode()
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept}
    return Answer(status=101, headers=headers, talk=_talk)


def _talk(incoming: BufferedIOBase, connection: socket.socket) -> None:
    answers = {TEXT: TEXT, PING: PONG}
    while (frame := _read(incoming)) is not None and frame[0] in answers:
        connection.sendall(_frame(answers[frame[0]], frame[1]))
    payload = frame[1] if frame and frame[0] == CLOSE else struct.pack(">H", GOING_AWAY)
    connection.sendall(_frame(CLOSE, payload))


def _read(incoming: BufferedIOBase) -> tuple[int, bytes] | None:
    """Reads one frame. Returns its kind and payload, or None at the end of the connection."""
    if len(head := incoming.read(2)) < 2:
        return None
    size = head[1] & 0x7F
    if size > 125:
        size = int.from_bytes(incoming.read(2 if size == 126 else 8), "big")
    mask = incoming.read(4) if head[1] & 0x80 else bytes(4)
    payload = incoming.read(size)
    return head[0] & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def _frame(kind: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        head = struct.pack(">BB", 0x80 | kind, size)
    elif size < 1 << 16:
        head = struct.pack(">BBH", 0x80 | kind, 126, size)
    else:
        head = struct.pack(">BBQ", 0x80 | kind, 127, size)
    return head + payload
