"""Reads a request: its shape, and the offset in the shape's log."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from .offset import START, Offset

IDENTIFIER = r'"(?:[^"]|"")+"|[^\W\d][\w$]*'
RELATION = re.compile(rf"(?:({IDENTIFIER})\.)?({IDENTIFIER})")
COLUMNS = re.compile(rf"(?:{IDENTIFIER})(?:,(?:{IDENTIFIER}))*")
PARAMETER = re.compile(r"params\[(\w+)\]")
NOT_HERE = ("live_sse", "experimental_live_sse")
Errors = dict[str, list[str]]


class Invalid(Exception):
    """The request cannot be answered. `errors` has the reasons by parameter."""

    def __init__(self, errors: Errors) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True, kw_only=True)
class Definition:
    """Identifies a shape: requests with equal definitions are for the same shape."""

    schema: str
    table: str
    where: str | None
    params: dict[str, str]
    columns: list[str] | None
    replica: str
    log: str

    @property
    def key(self) -> str:
        """A text that is equal for equal shapes."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A request for a shape's log. The offset None is `now`."""

    definition: Definition
    offset: Offset | None
    handle: str | None
    live: bool


def read(query: Mapping[str, str]) -> Wanted:
    """Reads a request from its parameters. Raises `Invalid`."""
    errors = {name: ["is not supported by this stand-in"] for name in query if _is_foreign(name, query[name])}
    if not query.get("offset"):
        raise Invalid(errors | {"offset": ["can't be blank"]})
    try:
        offset = None if query["offset"] == "now" else Offset.read(query["offset"])
    except ValueError:
        raise Invalid({"offset": ["has invalid format"]}) from None
    fresh = offset in (None, START)
    live = query.get("live", "false") != "false"
    if fresh and live:
        errors["live"] = [f"can't be true when offset {'== -1' if offset else 'is ' + repr('now')}"]
    if not fresh and not query.get("handle"):
        errors["handle"] = ["can't be blank when offset != -1"]
    if not query.get("table"):
        errors["table"] = ["can't be blank"]
    for name, values in (("replica", ("default", "full")), ("log", ("full", "changes_only"))):
        if query.get(name, values[0]) not in values:
            errors[name] = ["is invalid"]
    if errors:
        raise Invalid(errors)
    return Wanted(definition=_definition(query), offset=offset, handle=None if fresh else query["handle"], live=live)


def _definition(query: Mapping[str, str]) -> Definition:
    if (relation := RELATION.fullmatch(query["table"])) is None:
        raise Invalid({"table": [f"Invalid relation identifier: {query['table']}"]})
    columns = None
    if "columns" in query:
        if not COLUMNS.fullmatch(query["columns"]):
            raise Invalid({"columns": [f"Invalid list of identifiers: {query['columns']}"]})
        columns = sorted({_folded(name) for name in re.findall(IDENTIFIER, query["columns"])})
    return Definition(
        schema=_folded(relation[1] or "public"),
        table=_folded(relation[2]),
        where=query.get("where") or None,
        params={found[1]: value for name, value in query.items() if (found := PARAMETER.fullmatch(name))},
        columns=columns,
        replica=query.get("replica", "default"),
        log=query.get("log", "full"),
    )


def _is_foreign(name: str, value: str) -> bool:
    return name.startswith("subset__") or (name in NOT_HERE and value != "false")


def _folded(identifier: str) -> str:
    """Returns the identifier as PostgreSQL reads it: in lower case, unless it is quoted."""
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier.lower()
