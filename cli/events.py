"""What an event is about: its resource, and values without secrets."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from .changes import SECRET, UNKNOWN


class Key(NamedTuple):
    """Identifies a resource without its parents."""

    kind: str
    name: str


def key_of(urn: str) -> Key:
    """Returns type and name from the end of a URN."""
    _, _, kinds, name = urn.rsplit("::", 3) if urn.count("::") >= 3 else ("", "", "", urn)
    return Key(kinds.rpartition("$")[2], name)


def public(value: Any) -> Any:
    """Returns the value with marks for secret and unknown values."""
    if isinstance(value, Mapping):
        return "[secret]" if SECRET in value else {name: public(inner) for name, inner in value.items()}
    if isinstance(value, str):
        return value.replace(UNKNOWN, "[unknown]")
    return [public(inner) for inner in value] if isinstance(value, list) else value
