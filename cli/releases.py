"""`releases`: the history as a table."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from . import history, services
from .changes import short_image
from .views import terminal

STYLES = {"serves": "green", "failed": "red", "interrupted": "yellow", "running": "cyan"}


def show(stack: str, service: str, *, as_json: bool) -> None:
    """Shows the releases of a service, or of all services, the newest first. Raises `Refused`."""
    if service:
        services.find(stack, service)
    releases = history.read(stack, service)
    if as_json:
        typer.echo(json.dumps(releases))
        return
    console = terminal()
    if not releases:
        console.print("No release is recorded yet.")
        return
    table = Table(box=None, pad_edge=False, show_edge=False)
    for name in ("release", "when (UTC)", "ended", "s", "what", "by", "commit"):
        table.add_column(name, overflow="fold")
    for release in releases:
        table.add_row(*row(release))
    console.print(table)


def row(release: Mapping[str, Any]) -> tuple[str | Text, ...]:
    """Returns a release's cells."""
    begun = datetime.fromisoformat(release["begun"])
    images = (
        f"{part} {short_image(image)}" + (f" ({commit[:12]})" if (commit := release["commits"].get(part)) else "")
        for part, image in sorted(release["images"].items())
    )
    result = Text(release["result"], STYLES.get(release["result"], ""))
    if release["error"]:
        result.append(f": {release['error']}", "")
    return (
        f"{release['service']} {release['number']}",
        begun.strftime("%Y-%m-%d %H:%M"),
        result,
        f"{release['seconds']:.0f}" if release["command"] else "",
        "\n".join(images),
        " ".join(filter(None, [release["who"], release["command"] or "pulumi up"])),
        release["commit"],
    )
