"""The state of a stack's backups, a backup now, a restore test now."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import typer
from rich.table import Table

from host.recovery import Names

from .. import words
from ..engine.engine import console
from ..engine.hints import flag
from ..refused import Refused
from ..server import at_host
from ..show.views import terminal, write
from ..stack import services


def show_status(stack: str, *, as_json: bool) -> int:
    """Shows what can be recovered. Returns 1 if there are problems. Raises `Refused`, as all functions here."""
    state = at_host.read_json(stack, "backup-status", _container(stack))
    if as_json:
        typer.echo(json.dumps(state))
    else:
        show(state, stack)
    return 1 if state["problems"] else 0


def make(stack: str, *, full: bool) -> None:
    """Makes a backup now."""
    made = at_host.read_json(stack, "backup-call", _container(stack), "backup", "full" if full else "diff")
    console.print(f"backup: made {made['label']}", soft_wrap=True)


def verify(stack: str) -> int:
    """Restores the newest backup now, and shows the result of each database. Returns 1 if it is bad."""
    test = at_host.read_json(stack, "backup-call", _container(stack), "verify")
    write(_test(test))
    for name, database in test["databases"].items():
        write(f"  {name}: {database['result']}, {database['rows']:,} rows of {database['tables']} tables")
    return 0 if test["result"] == "good" else 1


def note_printed_keys(stack: str) -> None:
    """Notes on the host that somebody has the keys of a recovery."""
    at_host.read(stack, "backup-call", _container(stack), "keys-printed")


def show(state: Mapping[str, Any], stack: str) -> None:
    """Shows a status as one screen."""
    console = terminal()
    for name, repository in (state.get("repositories") or {}).items():
        console.print(_repository(name, repository))
    if archive := state.get("archive"):
        waiting = archive.get("waiting") or 0
        console.print(
            f"log: last archived {_ago(archive.get('last_time'))}"
            + (f", {waiting} files wait" if waiting else ", nothing waits"),
            soft_wrap=True,
        )
    if test := state.get("verify"):
        console.print(_test(test), soft_wrap=True)
    if files := state.get("files"):
        console.print(_files(files), soft_wrap=True)
    if "keys_printed" in state and not state["keys_printed"]:
        text = f"keys: nobody has printed them yet: `./sertantai backup keys{flag(stack)}`"
        console.print(text, soft_wrap=True)
    for problem in state["problems"]:
        console.print(f"problem: {problem}", soft_wrap=True, style="red", markup=False)
    if not state["problems"]:
        console.print("good", style="green")


def _repository(name: str, repository: Mapping[str, Any]) -> Table:
    table = Table("", "", title=f"{name} ({repository.get('kind', '')})", title_justify="left", show_header=False)
    backups: Sequence[Mapping[str, Any]] = repository.get("backups") or []
    for kind, word in (("full", "last full"), ("diff", "last differential")):
        last = next((each for each in reversed(backups) if each["type"] == kind and not each.get("error")), None)
        table.add_row(word, f"{_ago(last['ended'])}, {_size(last.get('size'))}" if last else "-")
    for number, span in enumerate(repository.get("ranges") or []):
        table.add_row("" if number else "can be recovered", f"{_short(span['from'])} to {_short(span['to'])}")
    if repository.get("error"):
        table.add_row("error", str(repository["error"]))
    return table


def _test(test: Mapping[str, Any]) -> str:
    if test.get("result") in (None, "never"):
        return "restore test: none yet"
    if test["result"] == "running":
        return "restore test: running now"
    place = f" of backup/{test['repository']}" if test.get("repository") else ""
    took = f", took {test['took_s']:.0f} s" if test.get("took_s") else ""
    reached = f", recovered to {_short(test['reached'])}" if test.get("reached") else ""
    error = f": {test['error']}" if test.get("error") else ""
    return f"restore test{place}: {test['result']}, {_ago(test.get('at'))}{took}{reached}{error}"


def _files(files: Mapping[str, Any]) -> str:
    volumes = [each for repository in files["repositories"].values() for each in repository["volumes"].values()]
    newest = [each.get("newest") for each in volumes]
    oldest = _ago(min(newest)) if newest and all(newest) else "not of all volumes"
    return f"files: {len(volumes)} volumes, newest snapshots {oldest}; {_test(files['verify'])}"


def _ago(text: str | None) -> str:
    if not text:
        return "never"
    return f"{words.span((datetime.now(UTC) - _time(text)).total_seconds())} ago ({_short(text)})"


def _short(text: str) -> str:
    try:
        return _time(text).strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return text  # a position in the log


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _size(size: int | None) -> str:
    return f"{(size or 0) / 1e6:,.1f} MB"


def _container(stack: str) -> str:
    """Returns the container of the backups. Raises `Refused` if the stack has none."""
    if not services.stack_file(stack).block("backup"):
        raise Refused("backup: is not declared: docs/backups.md")
    return Names(stack).of("backup")
