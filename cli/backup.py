"""`backup`: shows the state of the backups, makes one now, tests one now, and prints the keys of a recovery."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from host.recovery import Names

from . import at_host, backup_files, backup_keys
from .at_host import Refused
from .engine import console

app = typer.Typer(no_args_is_help=True, help="The backups of a stack.")
Stack = Annotated[str, typer.Option(help="The stack: Pulumi.<stack>.yaml.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]
UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@app.command()
def status(stack: Stack = "local", as_json: Json = False) -> None:
    """Shows what can be recovered. Exit code 1: there are problems."""
    state = json.loads(_read(stack, "backup-status", _container(stack)))
    if as_json:
        typer.echo(json.dumps(state))
    else:
        show(state)
    raise typer.Exit(1 if state["problems"] else 0)


@app.command()
def now(stack: Stack = "local", full: Annotated[bool, typer.Option("--full", help="All of it.")] = False) -> None:
    """Makes a backup now."""
    made = json.loads(_read(stack, "backup-call", _container(stack), "backup", "full" if full else "diff"))
    console.print(f"backup: made {made['label']}", soft_wrap=True)


@app.command()
def verify(stack: Stack = "local") -> None:
    """Restores the newest backup now, and compares it with the running cluster."""
    test = json.loads(_read(stack, "backup-call", _container(stack), "verify"))
    console.print(_test(test), soft_wrap=True)
    for name, database in test["databases"].items():
        console.print(f"  {name}: {database['result']}, {database['rows']:,} rows of {database['tables']} tables")
    raise typer.Exit(0 if test["result"] == "good" else 1)


@app.command()
def files(
    service: Annotated[str, typer.Argument(help="The service; letsencrypt: the certificates.")],
    at: Annotated[str, typer.Option(help="A time in UTC: the last snapshot before it.")] = "",
    stack: Stack = "local",
) -> None:
    """Restores the files of a service's volumes into new volumes, next to the live ones."""
    try:
        backup_files.restore(stack, service, at)
    except Refused as refused:
        raise _end(refused) from None


@app.command()
def keys(stack: Stack = "local", yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Prints what a recovery needs if laptop and state are lost. It is written nowhere."""
    if not yes and console.is_terminal:
        typer.confirm("This prints secrets on the screen. Is it yours alone?", abort=True, err=True)
    try:
        lines = backup_keys.lines(stack)
    except Refused as refused:
        raise _end(refused) from None
    typer.echo("\n".join(lines))
    _read(stack, "backup-call", _container(stack), "keys-printed")


def show(state: Mapping[str, Any]) -> None:
    """Shows a status as one screen."""
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
        console.print("keys: nobody has printed them yet: `./sertantai backup keys`", soft_wrap=True)
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
    seconds = max(0, (datetime.now(UTC) - _time(text)).total_seconds())
    size, unit = next((each for each in UNITS if seconds >= 2 * each[0]), UNITS[-1])
    return f"{seconds // size:.0f} {unit} ago ({_short(text)})"


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
    return Names(stack).of("backup")


def _read(stack: str, *words: str) -> str:
    try:
        return at_host.read(stack, *words)
    except Refused as refused:
        raise _end(refused) from None


def _end(refused: Refused) -> typer.Exit:
    console.print(str(refused), soft_wrap=True, markup=False)
    return typer.Exit(1)
