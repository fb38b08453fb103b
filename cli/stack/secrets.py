"""Lists the secrets of a stack: which exist, from where, and how old they are. It never reads a value."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import typer
from rich.table import Table

from settings import PROJECT, StackFile
from settings.backup import backup_secrets

from .. import git
from ..data.backup_keys import PASSWORD
from ..engine import state
from ..engine.engine import ROOT, console
from ..engine.pinned import find_or_install
from ..refused import Refused
from ..show.views import terminal
from . import services

GENERATED = {
    "SECRET_KEY_BASE": ("key", "the app, whose users log in again"),
    "DATABASE_PASSWORD": ("database-password", "the app, with a new login next to the old one"),
    "ELECTRIC_SECRET": ("electric-secret", "the app and Electric"),
    "ELECTRIC_DATABASE_PASSWORD": ("electric-password", "Electric, with a new login next to the old one"),
    "REDIS_PASSWORD": ("redis-password", "the app, with a new user of Redis next to the old one"),
}
"""A service's secrets that the platform generates: the end of the resource's name, and what a new one restarts."""
SHARED = {"REDIS_ADMIN_PASSWORD": "redis-password", "BACKUP_PASSPHRASE": "backup-passphrase"}
"""The generated secrets of the platform itself, by their names here."""
IN_FILE, MADE, MISSING = "stack file", "generated", "missing"


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A secret. `service` is empty for the platform's own. `changed` is a date, if it is known."""

    service: str
    name: str
    source: str
    changed: str = ""
    key: str = ""
    """Its key in the stack file, whether it is there or not."""
    resource: str = ""
    """The URN of the generated secret."""


def show(stack: str, service: str, *, as_json: bool) -> int:
    """Shows the secrets. Returns 1 if one is missing. Raises `Refused`."""
    if service:
        services.find(stack, service)
    secrets = [secret for secret in read(stack) if not service or secret.service == service]
    if as_json:
        typer.echo(json.dumps([{k: v for k, v in asdict(secret).items() if k != "resource"} for secret in secrets]))
    else:
        table = Table("service", "secret", "from", "changed", box=None, padding=(0, 2, 0, 0))
        for column in table.columns:
            column.overflow = "fold"
        for secret in secrets:
            style = "red" if secret.source == MISSING else ""
            row = (secret.service or "platform", secret.name, secret.source, _age(secret.changed))
            table.add_row(*row, style=style)
        terminal().print(table)
    return 1 if any(secret.source == MISSING for secret in secrets) else 0


def read(stack: str) -> list[Secret]:
    """Returns the secrets of a stack. Raises `Refused`."""
    file = services.stack_file(stack)
    return list(_all(file, _lines(file.name), _made(stack)))


def _all(file: StackFile, lines: dict[str, str], made: dict[str, tuple[str, str]]) -> Iterator[Secret]:
    for key in _platform_keys(file):
        if key in file.values or key.removeprefix(f"{PROJECT}:") != "backup_passphrase":
            yield _of_file("", key.removeprefix(f"{PROJECT}:"), key, file, lines)
    for name, resource in SHARED.items():
        if resource in made:
            yield Secret(service="", name=name, source=MADE, changed=made[resource][1], resource=made[resource][0])
    for service, block in file.block("services").items():
        for name, (end, _) in GENERATED.items():
            key, resource = f"{PROJECT}:{service}_{name}", f"{service}-{end}"
            if key in file.values:
                yield _of_file(service, name, key, file, lines)
            elif resource in made:
                urn, at = made[resource]
                yield Secret(service=service, name=name, source=MADE, changed=at, key=key, resource=urn)
        for name in _own(block):
            yield _of_file(service, name, f"{PROJECT}:{service}_{name}", file, lines)


def _of_file(service: str, name: str, key: str, file: StackFile, lines: dict[str, str]) -> Secret:
    source = IN_FILE if key in file.values else MISSING
    return Secret(service=service, name=name, source=source, changed=lines.get(key, ""), key=key)


def _own(block: Any) -> Iterable[str]:
    app = block.get("app") if isinstance(block, dict) else None
    return [str(name) for name in (app.get("secrets") or [])] if isinstance(app, dict) else []


def _platform_keys(file: StackFile) -> list[str]:
    """Returns the keys of secrets that belong to no service."""
    names = ["registry_token"] if file.block("registry") else []
    names += backup_secrets(file.block("backup"))
    sites = file.block("sites").items()
    names += [f"{name}_BASIC_AUTH" for name, block in sites if isinstance(block, dict) and block.get("auth")]
    token = ["hcloud:token"] if "hcloud:token" in file.values else []
    return [*token, *(f"{PROJECT}:{name}" for name in names)]


def _made(stack: str) -> dict[str, tuple[str, str]]:
    """Returns URN and date of each generated secret, by resource. Empty, with a note, if the state cannot be read."""
    cli = find_or_install()
    try:
        resources = state.resources(cli, stack) if cli else []
    except Refused as refused:
        console.print(f"Generated secrets are not shown: {refused}", soft_wrap=True, markup=False)
        resources = []
    return {
        each["urn"].rpartition("::")[2]: (each["urn"], str(each.get("created", "")))
        for each in resources
        if each["type"] == PASSWORD
    }


def _lines(stack: str) -> dict[str, str]:
    """Returns when the line of each key of the stack file was committed, as far as git knows."""
    blamed = git.run(ROOT, "blame", "--line-porcelain", "--", f"Pulumi.{stack}.yaml")
    dates: dict[str, str] = {}
    at = ""
    for line in blamed.stdout.splitlines():
        if line.startswith("author-time "):
            at = datetime.fromtimestamp(int(line.split()[1]), UTC).isoformat()
        elif match := re.match(r'\t\s+"?([\w-]+:[\w-]+)"?:', line):
            dates[match[1]] = at
    return dates


def _age(changed: str) -> str:
    if not changed:
        return "unknown"
    days = (datetime.now(UTC) - datetime.fromisoformat(changed)).days
    return f"{changed[:10]}, {days} days ago" if days else f"{changed[:10]}, today"
