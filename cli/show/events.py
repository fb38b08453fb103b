"""What an event is about: its resource, and values without secrets."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .changes import SECRET, UNKNOWN

# The end of a container's name, such as legal-app-0123456: each preview makes up others.
MADE_UP = re.compile(r"(?<=-)[0-9a-f]{7}\b")


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


def fingerprint(metadata: Mapping[str, Any]) -> str:
    """Returns a hash of what a step changes: the old and new values of its changed inputs, or all inputs of a new one.

    Secrets and the ends of made-up names are not in it.
    """
    old, new = (public((metadata.get(age) or {}).get("inputs") or {}) for age in ("old", "new"))
    changed = {name: [old.get(name), new.get(name)] for name in metadata.get("diffs") or []} if old and new else new
    return hashed(changed)


def hashed(value: Any) -> str:
    """Returns a hash of a value, without the ends of made-up names."""
    return hashlib.sha256(MADE_UP.sub("*", json.dumps(value, sort_keys=True, default=str)).encode()).hexdigest()[:16]
