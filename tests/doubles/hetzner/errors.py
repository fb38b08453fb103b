"""Refusals with the form and the codes that Hetzner publishes."""

from collections.abc import Sequence
from typing import Any

type_names = {
    "ssh_keys": "SSH key",
    "firewalls": "firewall",
    "primary_ips": "primary IP",
    "volumes": "volume",
    "servers": "server",
    "server_types": "server type",
    "locations": "location",
    "images": "image",
    "actions": "action",
    "zones": "zone",
    "rrsets": "RRSet",
}

UNSUPPORTED_LOCATION = "unsupported location for server type"


class Refused(Exception):
    """An error that the API answers."""

    def __init__(self, status: int, code: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(f"{message} ({code})")
        self.status = status
        self.code = code
        self.message = message
        self.details = details or {}

    def body(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": self.message, "details": self.details}}


def not_found(kind: str, name: object) -> Refused:
    return Refused(404, "not_found", f"{type_names[kind]} with ID '{name}' not found")


def invalid(mistakes: Sequence[tuple[str, str]]) -> Refused:
    """All invalid fields. As at Hetzner, an order that no location can fulfil is refused without fields."""
    messages: dict[str, list[str]] = {}
    for field, message in mistakes:
        messages.setdefault(field, []).append(message)
    if list(messages.values()) == [[UNSUPPORTED_LOCATION]]:
        return Refused(422, "invalid_input", UNSUPPORTED_LOCATION)
    fields = [{"name": name, "messages": texts} for name, texts in messages.items()]
    if len(messages) == 1:
        text = f"invalid input in field '{mistakes[0][0]}': {mistakes[0][1]}"
    else:
        text = "invalid input in fields " + ", ".join(f"'{name}'" for name in messages)
    return Refused(422, "invalid_input", text, {"fields": fields})


def taken(kind: str) -> Refused:
    return Refused(409, "uniqueness_error", f"{type_names[kind]} name is already used", {"fields": [{"name": "name"}]})


def protected(kind: str, deed: str = "deletion") -> Refused:
    return Refused(423, "protected", f"{type_names[kind]} {deed} is protected")


def locked(kind: str) -> Refused:
    return Refused(423, "locked", f"cannot perform operation because {type_names[kind]} is locked")


def over_limit(kind: str) -> Refused:
    limit = f"{kind.removesuffix('s')}_limit"
    return Refused(403, "resource_limit_exceeded", f"{type_names[kind]} limit exceeded", {"limits": [{"name": limit}]})
