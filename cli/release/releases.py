"""`releases`: shows the history."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import typer
from rich.text import Text

from ..show import outcome
from ..show.changes import short_commit, short_image
from ..show.views import terminal, wrapped
from ..stack import services
from . import history

STYLES = {outcome.SERVES: "green", outcome.SERVED: "dim", "failed": "red", "interrupted": "yellow", "running": "cyan"}


def show(stack: str, service: str, *, as_json: bool) -> None:
    """Shows the releases of a service, or of all services, the newest first. Raises `Refused`."""
    if service:
        services.find(stack, service)
    releases = list(told(history.read(stack, service)))
    if as_json:
        typer.echo(json.dumps(releases))
        return
    console = terminal()
    if not releases:
        console.print("No release is recorded yet.")
        return
    for release in releases:
        for line in lines(release):
            first, *rest = wrapped(console, line.plain, "    ")
            line.truncate(len(first))
            for each in (line, *map(Text, rest)):
                console.print(each, soft_wrap=True)


def told(releases: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields the releases, the newest first as they come: only the newest good one of each service serves still."""
    serving: set[str] = set()
    for release in releases:
        is_good, service = release["result"] == outcome.SERVES, release["service"]
        yield {**release, "result": outcome.SERVED if is_good and service in serving else release["result"]}
        serving |= {service} if is_good else set()


def lines(release: Mapping[str, Any]) -> Iterator[Text]:
    """Yields the lines of a release: when it began, how it ended and who did it, then its images and its error."""
    begun = datetime.fromisoformat(release["begun"]).astimezone(UTC)
    result, command = release["result"], release["command"] or "pulumi up"
    words = [command, f"by {release['who']}" if release["who"] else "", release["commit"]]
    line = Text(f"{release['service']} {release['number']}  {begun:%Y-%m-%d %H:%M} UTC  ")
    line.append(result, STYLES.get(result, ""))
    yield line.append(f"  {release['seconds']:.0f} s" * bool(release["command"]) + f"  {' '.join(filter(None, words))}")
    if release["images"]:
        yield Text("  " + ", ".join(_image(part, release) for part in sorted(release["images"])))
    if release["error"]:
        yield Text(f"  {release['error']}")


def _image(part: str, release: Mapping[str, Any]) -> str:
    commit = release["commits"].get(part, "")
    return f"{part} {short_image(release['images'][part]).rpartition('@')[2]}" + (
        f" ({short_commit(commit)})" * bool(commit)
    )
