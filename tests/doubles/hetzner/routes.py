"""Which function answers which request."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.doubles.hetzner.errors import Refused
from tests.doubles.hetzner.project import Project
from tests.doubles.hetzner.reading import Json

Answer = tuple[int, Json | None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """An authenticated request; `parts` are the variable parts of its path."""

    body: Json
    query: dict[str, list[str]]
    parts: dict[str, str]

    @property
    def id(self) -> int:
        return int(self.parts["id"])


Handler = Callable[[Project, Request], Answer]
ROUTES: list[tuple[str, re.Pattern[str], Handler]] = []
_CHANGEABLE = "ssh_keys|firewalls|primary_ips|volumes|servers"
_PARTS = {
    "id": r"\d+",
    "kind": f"{_CHANGEABLE}|server_types|locations|images|actions",
    "changeable": _CHANGEABLE,
}


def route(method: str, path: str) -> Callable[[Handler], Handler]:
    """Registers a function for requests whose path has this form; `{zone}` is one segment, `{id}` a number."""
    form = re.sub(r"\{(\w+)\}", lambda match: f"(?P<{match[1]}>{_PARTS.get(match[1], '[^/]+')})", path)

    def register(handler: Handler) -> Handler:
        ROUTES.append((method, re.compile(form), handler))
        return handler

    return register


def find(method: str, path: str) -> tuple[Handler, dict[str, str]]:
    for known, form, handler in ROUTES:
        match = form.fullmatch(path)
        if match and known == method:
            return handler, match.groupdict()
    raise Refused(404, "not_found", f"no route for {method} {path}")
