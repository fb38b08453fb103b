"""`recover`: looks at an earlier moment next to the running platform, then brings back all of it or one database."""

import subprocess
import sys
from datetime import datetime
from typing import Any

import typer
from rich.table import Table

from host import recovery, recovery_plan
from host.failure import Failure
from render.archive import read as read_archive
from settings import Mistakes, StackFile

from ..engine.engine import ROOT, console
from ..engine.pinned import find_or_install
from ..refused import Refused
from ..server import at_host
from ..stack import stack_edit
from . import backup_files, protection
from .dump import EXCLUDED, print_summary
from .forget import forget_steps

MINUTE_S = 60


def build(stack: str, to: str) -> None:
    """Builds the cluster of a moment, and shows what differs from the running one. Raises `Refused`."""
    _check(at_host.run(stack, "recover-build", stack, _target(to)))
    show(stack)


def show(stack: str) -> dict[str, Any]:
    """Shows what would be lost with a promotion, and returns it. Raises `Refused`."""
    compared: dict[str, Any] = at_host.read_json(stack, "recover-compare", stack)
    if compared.get("prepared"):
        console.print(
            f"A promotion to {compared['volume']} of {compared['prepared'][:19]} UTC was interrupted, and continues: "
            "what has been written since then is left out",
            soft_wrap=True,
        )
        return compared
    table = Table("database", "table", "then", "now")
    for column in table.columns[2:]:
        column.justify = "right"
    for name, database in compared["databases"].items():
        if database is None:
            table.add_row(name, "not counted", "", "")
            continue
        for changed, (there, here) in database["differ"].items():
            table.add_row(name, changed, _rows(there), _rows(here))
        if not database["differ"]:
            table.add_row(name, f"{database['equal']} tables, all with as many rows", "", "")
    for name in compared["only_here"]:
        table.add_row(name, "the database did not exist then", "", "")
    for name in compared["only_there"]:
        table.add_row(name, "the database does not exist now", "", "")
    console.print(table)
    console.print(_moment(compared["reached"], compared["now"]), soft_wrap=True)
    container = recovery.Names(stack).of("recovered")
    console.print(f"To look at it: docker exec -it {container} psql -U postgres", soft_wrap=True)
    return compared


def promote(stack: str, *, yes: bool) -> None:
    """Makes the recovered cluster the platform's. Raises `Refused`."""
    volume = show(stack)["volume"]
    question = (
        f"Make it the cluster of {stack}? All services are interrupted for seconds, and what came later is left out"
    )
    if not yes:
        typer.confirm(question, abort=True)
    protection.check(find_or_install(), stack)
    _check(at_host.run(stack, "recover-promote", stack, volume))
    use_volume(stack, volume)


def bring_back(stack: str, volume: str, *, yes: bool) -> None:
    """Makes the cluster in an old volume the platform's again. Raises `Refused`."""
    if not yes:
        question = f"Make the cluster in {volume} that of {stack}? All services are interrupted for seconds"
        typer.confirm(question, abort=True)
    _check(at_host.run(stack, "recover-back", stack, volume))
    use_volume(stack, volume)


def use_volume(stack: str, volume: str) -> None:
    """Makes the cluster in a volume the platform's: names it in the stack file, and runs up. Raises `Refused`."""
    cli = find_or_install()
    protection.check(cli, stack)
    stack_edit.set_value(ROOT / f"Pulumi.{stack}.yaml", ("postgres", "volume"), volume)
    console.print(f"Pulumi.{stack}.yaml: postgres.volume is now {volume}", soft_wrap=True)
    protection.lift(cli, stack, volume)
    _check(_up(stack))
    # What the platform has recorded in the cluster is of another time: the second run finds and changes what differs.
    _check(at_host.run(stack, "recover-settle", stack))
    _check(_up(stack))


def dump(stack: str, service: str) -> None:
    """Writes one recovered database to a file, for `restore` in the service's block. Raises `Refused`."""
    database = _database(stack, service)
    identifier = at_host.read_json(stack, "recover-compare", stack, "--brief").get("id")
    if not identifier:
        raise Refused("recover: there is no recovered cluster: build one first with --to")
    to = f"dumps/{service}-{identifier}.dump"
    at_host.save(stack, ROOT / to, "recover-dump", stack, database, "--exclude", *EXCLUDED)
    with (ROOT / to).open("rb") as file:
        print_summary(service, to, read_archive(file), more=", replace: true")


def seed(stack: str, to: str | None) -> None:
    """Fills the empty volumes of a new server: PostgreSQL's, then those of files. Raises `Refused`."""
    _check(at_host.run(stack, "recover-seed", stack, _target(to) if to else recovery_plan.NEWEST))
    forget_steps(find_or_install(), stack)
    backup_files.recover(stack)


def drop(stack: str) -> None:
    """Removes the recovered cluster. Raises `Refused`."""
    _check(at_host.run(stack, "recover-drop", stack))


def forget(stack: str, volume: str, *, yes: bool) -> None:
    """Deletes an old volume. Raises `Refused`."""
    if not yes:
        typer.confirm(f"Delete the volume {volume} and all its data?", abort=True)
    _check(at_host.run(stack, "recover-forget", stack, volume))


def _target(to: str) -> str:
    """Returns the target as the verb reads it on any Python. Raises `Refused`."""
    try:
        target = recovery_plan.parse(to)
    except Failure as failure:
        raise Refused(str(failure)) from None
    if target is None:
        return to
    return target.text if target.is_point else target.moment.isoformat(timespec="microseconds")


def _check(code: int) -> None:
    if code:
        raise Refused("")


def _up(stack: str) -> int:
    return subprocess.run([sys.executable, "-m", "cli", "up", "--stack", stack, "--yes"], cwd=ROOT).returncode


def _database(stack: str, service: str) -> str:
    try:
        services = StackFile.read(stack, ROOT / f"Pulumi.{stack}.yaml").block("services")
    except Mistakes as mistakes:
        raise Refused(str(mistakes)) from None
    database = (services.get(service) or {}).get("database") or {}
    if "name" not in database:
        owners = [name for name, block in services.items() if "name" in ((block or {}).get("database") or {})]
        raise Refused(f"--database: {service} is no service with a database of its own; these are: {', '.join(owners)}")
    return str(database["name"])


def _moment(reached: str, now: str) -> str:
    if not reached:
        return f"Nothing was committed after the backup; the running cluster is at {now[:19]} UTC"
    behind_s = (datetime.fromisoformat(now) - datetime.fromisoformat(reached)).total_seconds()
    minutes = f"{behind_s / MINUTE_S:,.0f} minutes" if behind_s >= 2 * MINUTE_S else f"{behind_s:.0f} seconds"
    return f"Its last commit: {reached[:19]} UTC; the running cluster is {minutes} further"


def _rows(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"
