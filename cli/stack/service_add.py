"""`service add`: asks for a new service's settings, and adds its block to the stack file once it has no mistake."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import typer
import yaml

from settings import Mistakes, parse

from ..engine.engine import ROOT
from ..refused import Refused
from . import stack_edit
from .conventions import free_port, free_stream_id, suggest, suggest_image
from .services import stack_file

WIDTH = 110
NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the command was called with. None or an empty text: it is asked for, or suggested."""

    name: str = ""
    domain: str = ""
    image: str = ""
    port: int | None = None
    database: str = ""
    migrate: str = ""
    frontend_image: str = ""
    electric: bool | None = None
    context: str = ""
    redis: bool = False


def add(stack: str, wanted: Wanted, *, yes: bool) -> str:
    """Adds the block, and returns the service's name. Raises `Refused` with all mistakes, and writes nothing then."""
    file = stack_file(stack)
    services = file.block("services")
    if not yes and not _is_terminal():
        raise Refused("service add: nobody can be asked here: add --yes")
    ask = _accept if yes else _ask
    name = wanted.name or str(ask("Name", ""))
    if not name:
        raise Refused("service add: the name is missing")
    if name in services:
        raise Refused(f"services/{name}: Pulumi.{stack}.yaml has this service already")
    block = _block(services, name, wanted, ask)
    text = yaml.safe_dump(block, sort_keys=False, default_flow_style=None, width=WIDTH, allow_unicode=True)
    raw = file.project_values()
    before = set(_mistakes(raw, file.project_secrets()))
    after = _mistakes(raw | {"services": {**services, name: block}}, file.project_secrets())
    if mistakes := [line for line in after if line not in before]:
        raise Refused("\n".join(["the block would have mistakes, and was not written:", *mistakes]))
    typer.echo(f"{name}:\n" + "".join(f"  {line}\n" for line in text.splitlines()), nl=False)
    if ask is _ask:
        typer.confirm(f"Add it to Pulumi.{stack}.yaml?", default=True, abort=True, err=True)
    stack_edit.add_block(ROOT / f"Pulumi.{stack}.yaml", ("services", name), text)
    return name


def _block(services: Mapping[str, Any], name: str, wanted: Wanted, ask: Callable[[str, Any], Any]) -> dict[str, Any]:
    """Returns the new block: what was wanted, what was answered, and what the other services have in common."""

    def usual(*path: str) -> Any:
        return suggest(services, name, *path, rare=False)

    def chosen(given: str, question: str, suggestion: Any) -> str:
        answer = str(given or ask(question, suggestion or NONE))
        return "" if answer == NONE else answer

    domain = chosen(wanted.domain, "Domain", suggest(services, name, "domain"))
    image = chosen(wanted.image, "The app's image", suggest_image(services, name, "app"))
    port = wanted.port or int(ask("The app's port", free_port(services)))
    database = chosen(wanted.database, "Database", suggest(services, name, "database", "name"))
    migrate = chosen(wanted.migrate, "Migration", " ".join(usual("app", "migrate") or [])) if database else ""
    frontend = chosen(
        wanted.frontend_image, "The frontend's image", suggest_image(services, name, "frontend", rare=False)
    )
    electric = wanted.electric
    if electric is None:
        electric = str(ask("Electric (yes or no)", "no")).lower().startswith("y")
    app: dict[str, Any] = {"image": image, "build": {"context": wanted.context} if wanted.context else None}
    app |= {"command": usual("app", "command"), "port": port, "health": usual("app", "health")}
    app |= {"routes": ["/api/", "/health"] if frontend else None, "migrate": migrate.split() or None}
    app |= {"memory_mb": usual("app", "memory_mb"), "read_only": usual("app", "read_only")}
    extensions = usual("database", "extensions")
    block = {
        "domain": domain,
        "names": usual("names"),
        "database": _set({"name": database, "extensions": extensions}) if database else None,
        "redis": {} if wanted.redis else None,
        "app": _set(app),
        "frontend": _frontend(services, name, frontend) if frontend else None,
        "electric": _electric(services, name) if electric else None,
    }
    return _set(block)


def _frontend(services: Mapping[str, Any], name: str, image: str) -> dict[str, Any]:
    common = {key: suggest(services, name, "frontend", key) for key in ("port", "health", "memory_mb", "read_only")}
    return _set({"image": image, **common})


def _electric(services: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Returns Electric's settings. Public shapes are of one service's tables, so its app reads them at first."""
    image = suggest(services, name, "electric", "image")
    if image is None:
        raise Refused("--electric: no other service has one, so its image is not known: add the block by hand")
    path = suggest(services, name, "electric", "access", "path") or "/api/electric/"
    memory_mb = suggest(services, name, "electric", "memory_mb")
    access = {"kind": "app", "path": path}
    return _set({"image": image, "stream_id": free_stream_id(services, name), "access": access, "memory_mb": memory_mb})


def _mistakes(raw: Mapping[str, Any], secrets: set[str]) -> list[str]:
    try:
        parse(raw, secrets)
    except Mistakes as mistakes:
        return mistakes.lines
    return []


def _set(block: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in block.items() if value not in (None, "", [])}


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _ask(question: str, suggestion: Any) -> Any:
    return typer.prompt(question, default=suggestion, err=True)


def _accept(_: str, suggestion: Any) -> Any:
    return suggestion
