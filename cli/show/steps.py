"""A step in the operator's terms: `legal/app gate` for the resource `legal-app-gate`, and its state."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from .meanings import PATH_FIRST

SERVICES = ("sertantai:service:Service", "sertantai:platform:ForeignSite")
"""The types of the components that begin with a name in the stack file."""
KEPT = "kept on the host"
PARTS = ("app", "frontend", "electric")
# Replacements of words in resource names. An empty one removes the word.
WORDS = {
    "sql": "login",
    "migrate": "migration",
    "cleanup": "clean-up",
    "cutover": "cut-over",
    "bridge": "",
    "server": "",
}


@dataclass(eq=False)
class Step:
    """One operation of the engine on one resource."""

    title: str
    kind: str
    action: str
    changes: list[str] = field(default_factory=list)
    inputs: str = ""
    """The fingerprint of the inputs that it changes."""
    begun: float = 0
    seconds: float = 0
    lines: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    failed: bool = False
    ended: bool = False
    """Whether the engine has reported its end."""

    @property
    def error(self) -> str:
        """The step's error, path first. Of several messages, the one that begins with a path."""
        text = min(self.errors, key=lambda message: not PATH_FIRST.match(message), default="failed")
        return text if PATH_FIRST.match(text) else f"{self.title}: {text}"


def title(name: str, services: Collection[str]) -> str:
    """Returns a step's title for a resource's name. `services` are the names of all services."""
    owners = [service for service in services if name.startswith(f"{service}-")]
    if not owners:
        owner, _, rest = name.partition("-")
        return f"host: {_words(rest) or 'server'}" if owner in ("host", "server") else _joined(owner, ": ", rest)
    service = max(owners, key=len)
    rest = name.removeprefix(f"{service}-")
    part, _, more = rest.partition("-")
    if rest == "cutover":
        part, more = "electric", rest
    return _joined(f"{service}/{part}", " ", more) if part in PARTS else _joined(service, ": ", rest)


def owner(title: str) -> str:
    """Returns the service of a step, or the part of the platform, by the step's title."""
    return re.split("[/:]", title, maxsplit=1)[0]


def _joined(owner: str, separator: str, rest: str) -> str:
    words = _words(rest)
    return f"{owner}{separator}{words}" if words else owner


def _words(rest: str) -> str:
    return " ".join(word for part in rest.split("-") if (word := WORDS.get(part, part)))


def is_step(kind: str) -> bool:
    """Whether a resource of this type is a step. Components and providers only group others."""
    return not kind.startswith(("sertantai:", "pulumi:"))


def is_kept(metadata: Mapping[str, Any]) -> bool:
    """Whether a deletion leaves the files on the host: the volume of an app is only no longer declared."""
    retained = (metadata.get("old") or {}).get("retainOnDelete", False)
    return bool(retained) and metadata["op"] == "delete" and metadata["type"].endswith(":Volume")
