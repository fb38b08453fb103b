"""A step as an operator knows it: `legal/app gate` for the resource `legal-app-gate`, and what has become of it."""

from collections.abc import Collection
from dataclasses import dataclass, field

from .meanings import PATH_FIRST

SERVICE = "sertantai:service:Service"
PARTS = ("app", "frontend", "electric")
# Words of names that operators call differently; an empty one says nothing more.
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
    """One thing that the engine does. `error` is in the operator's words."""

    title: str
    kind: str
    does: str
    changes: list[str] = field(default_factory=list)
    begun: float = 0
    seconds: float = 0
    lines: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    failed: bool = False
    ended: bool = False
    """Whether the engine has said how it ended."""

    @property
    def error(self) -> str:
        """What went wrong, path first: of several messages the one that has a path of its own."""
        text = min(self.errors, key=lambda message: not PATH_FIRST.match(message), default="failed")
        return text if PATH_FIRST.match(text) else f"{self.title}: {text}"


def title(name: str, services: Collection[str]) -> str:
    """The words for a resource's name; `services` are the names of all services."""
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


def _joined(owner: str, separator: str, rest: str) -> str:
    words = _words(rest)
    return f"{owner}{separator}{words}" if words else owner


def _words(rest: str) -> str:
    return " ".join(word for each in rest.split("-") if (word := WORDS.get(each, each)))


def is_step(kind: str) -> bool:
    """Whether a resource of this type does something: components and providers only hold others."""
    return not kind.startswith(("sertantai:", "pulumi:"))
