"""`plan`, `deploy`, `rollback` and `releases`: one service."""

from pathlib import Path
from typing import Annotated

import typer

from .group import Json, Service, Stack, Yes, service_names

AnyService = Annotated[str, typer.Argument(help="Without it: all services.", autocompletion=service_names)]
Commit = Annotated[bool, typer.Option("--commit", help="Commit the changed stack file.")]


def plan(
    service: AnyService = "",
    save: Annotated[Path | None, typer.Option(help="Write the plan to this file, for `up --plan`.")] = None,
    stack: Stack = "local",
    as_json: Json = False,
) -> None:
    """Shows what would be released, interrupted and repaired. Exit code 2: there are changes, 0: none."""
    from ..release import planning

    raise typer.Exit(planning.show(stack, service, save, as_json=as_json))


def deploy(
    service: Service,
    frontend: Annotated[bool, typer.Option("--frontend", help="Its frontend. Default: frontend and backend.")] = False,
    backend: Annotated[bool, typer.Option("--backend", help="Its app.")] = False,
    electric: Annotated[bool, typer.Option("--electric", help="A new container of its Electric.")] = False,
    with_electric: Annotated[bool, typer.Option("--with-electric", help="Its app, and a new Electric.")] = False,
    clear_cache: Annotated[
        bool, typer.Option("--electric-clear-cache", help="Electric starts with empty shapes.")
    ] = False,
    migrate: Annotated[bool, typer.Option("--migrate", help="Run the migrations even if nothing has changed.")] = False,
    tag: Annotated[str, typer.Option(help="Another tag than the stack file's.")] = "",
    check_only: Annotated[bool, typer.Option("--check-only", help="Change nothing: status, then plan.")] = False,
    logs: Annotated[bool, typer.Option("--logs", help="Follow the logs after it.")] = False,
    commit: Commit = False,
    stack: Stack = "local",
    yes: Yes = False,
) -> None:
    """Releases the newest images of a service, and nothing else: writes their digests, plans, asks, releases."""
    from ..day import logs as log
    from ..release import checking, deploy

    wish = deploy.Wish(
        frontend=frontend,
        backend=backend,
        electric=electric,
        with_electric=with_electric,
        clear_cache=clear_cache,
        migrate=migrate,
        tag=tag,
    )
    if check_only:
        raise typer.Exit(checking.check_only(stack, service, wish, changes=commit or logs))
    code = deploy.deploy(stack, service, wish, yes=yes, commit=commit)
    if not code:
        checking.compare_version(stack, service)
        if logs:
            log.show(stack, service, [], since="1m", lines=0, follow=True)
    raise typer.Exit(code)


def rollback(
    service: Service,
    to: Annotated[
        int | None, typer.Option(help="A release's number, from `releases`. Default: the last other one.")
    ] = None,
    commit: Commit = False,
    stack: Stack = "local",
    yes: Yes = False,
) -> None:
    """Releases the images of an earlier release, which the host has kept. It needs no registry."""
    from ..release import rollback

    raise typer.Exit(rollback.roll_back(stack, service, to or 0, yes=yes, commit=commit))


def releases(service: AnyService = "", stack: Stack = "local", as_json: Json = False) -> None:
    """Shows who released what, when, from which commit, and how it ended."""
    from ..release import releases

    releases.show(stack, service, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    for command in (plan, deploy, rollback, releases):
        app.command()(command)
