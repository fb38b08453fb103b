"""`build`, `push`, `pin` and `login`: the images of a stack, and the tokens of their registry."""

from typing import Annotated

import typer

from .group import Stack

Service = Annotated[str, typer.Argument(help="A service of the stack file.")]
Backend = Annotated[bool, typer.Option("--backend", help="The app alone.")]
Frontend = Annotated[bool, typer.Option("--frontend", help="The frontend alone.")]
Tag = Annotated[str, typer.Option(help="The tag. Default: the git commit of the sources.")]
AllowDirty = Annotated[bool, typer.Option("--allow-dirty", help="Also with changes that are not committed.")]


def build(
    service: Service,
    backend: Backend = False,
    frontend: Frontend = False,
    tag: Tag = "",
    allow_dirty: AllowDirty = False,
    stack: Stack = "local",
) -> None:
    """Builds a service's images from `build.context`, tagged by the git commit."""
    from .. import build as images

    sources = images.sources(stack, service, _parts(backend, frontend), tag=tag, allow_dirty=allow_dirty)
    for source in sources:
        images.build(source)
    typer.echo(f"next: ./sertantai push {service}{_flags(backend, frontend, stack)}")


def push(
    service: Service,
    backend: Backend = False,
    frontend: Frontend = False,
    build_first: Annotated[bool, typer.Option("--build", help="Build the images first.")] = False,
    tag: Tag = "",
    allow_dirty: AllowDirty = False,
    stack: Stack = "local",
) -> None:
    """Pushes a service's images, after a check of login and token."""
    from .. import build as images
    from .. import push as pushes
    from ..services import find

    sources = images.sources(stack, service, _parts(backend, frontend), tag=tag, allow_dirty=allow_dirty)
    logins = pushes.check_logins(stack, sources)
    if build_first:
        for source in sources:
            images.build(source)
    else:
        pushes.refuse_missing(sources)
    for source in sources:
        digest = pushes.push(source, logins[source.server])
        typer.echo(f"{service}/{source.part}: {source.reference}@{digest}")
    for command in pushes.next_command(stack, [*find(stack, service)], sources):
        typer.echo(f"next: {command}")


def pin(
    service: Annotated[str, typer.Argument(help="One service alone.")] = "",
    check: Annotated[bool, typer.Option("--check", help="List tags without a digest; exit code 2: there are.")] = False,
    stack: Stack = "local",
) -> None:
    """Writes the digest of each image's tag next to it in the stack file."""
    from .. import pin as pins

    if check:
        images = pins.unpinned(stack, service)
        for image in images:
            typer.echo(f"{image.setting}: {image.reference} has no digest")
        raise typer.Exit(2 if images else 0)
    is_done = True
    for image in pins.pin(stack, service):
        typer.echo(f"{image.setting}: {image.reference}")
        is_done = False
    if is_done:
        typer.echo(f"Pulumi.{stack}.yaml: every image is named by digest already")


def login(
    to_push: Annotated[bool, typer.Option("--push", help="A token to push with, for this machine's Docker.")] = False,
    username: Annotated[str, typer.Option(help="Default: the stack's registry/username.")] = "",
    stack: Stack = "local",
) -> None:
    """Checks a token of the images' registry, and keeps it. It is asked for, or comes on standard input."""
    from ..login import login as keep

    keep(stack, username, "push" if to_push else "read")


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    for command in (build, push, pin, login):
        app.command()(command)


def _parts(backend: bool, frontend: bool) -> list[str]:
    return [part for part, is_chosen in (("app", backend), ("frontend", frontend)) if is_chosen]


def _flags(backend: bool, frontend: bool, stack: str) -> str:
    flags = [" --backend"] * backend + [" --frontend"] * frontend
    return "".join(flags) + (f" --stack {stack}" if stack != "local" else "")
