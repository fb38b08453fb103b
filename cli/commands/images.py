"""`build`, `push`, `pin` and `login`: the images of a stack, and the tokens of their registry; `service add`."""

from typing import Annotated

import typer

from .group import Service, Stack, Yes, new_group

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
    from ..build import build as images

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
    from ..build import build as images
    from ..build import push as pushes
    from ..stack.services import find

    # An image that is there already does not depend on the files of now.
    allow_dirty = allow_dirty or (tag != "" and not build_first)
    sources = images.sources(stack, service, _parts(backend, frontend), tag=tag, allow_dirty=allow_dirty)
    logins = pushes.check_logins(stack, sources)
    if build_first:
        for source in sources:
            images.build(source)
    else:
        pushes.refuse_missing(stack, sources)
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
    from ..registry import pin as pins

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
    from ..registry.login import login as keep

    keep(stack, username, "push" if to_push else "read")


services = new_group("The services of a stack.")


@services.command("add")
def add_service(
    name: Annotated[str, typer.Argument(help="Its name: a-z, 0-9 and -.")] = "",
    domain: Annotated[str, typer.Option(help="Its site; none: other services alone reach it.")] = "",
    image: Annotated[str, typer.Option(help="The app's image.")] = "",
    port: Annotated[int | None, typer.Option(help="The app's port.")] = None,
    database: Annotated[str, typer.Option(help="Its database; none: it has none.")] = "",
    migrate: Annotated[str, typer.Option(help="The migration's command; none: it has none.")] = "",
    frontend_image: Annotated[str, typer.Option(help="The frontend's image; none: it has none.")] = "",
    electric: Annotated[bool | None, typer.Option("--electric/--no-electric", help="With Electric.")] = None,
    redis: Annotated[bool, typer.Option("--redis", help="With a user of Redis.")] = False,
    context: Annotated[str, typer.Option(help="The folder of the app's sources, for `build`.")] = "",
    yes: Yes = False,
    stack: Stack = "local",
) -> None:
    """Adds a service to the stack file: asks, suggests what the other services have, and checks before it writes."""
    from ..stack.service_add import Wanted, add

    wanted = Wanted(
        name=name,
        domain=domain,
        image=image,
        port=port,
        database=database,
        migrate=migrate,
        frontend_image=frontend_image,
        electric=electric,
        redis=redis,
        context=context,
    )
    name = add(stack, wanted, yes=yes)
    typer.echo(f"next: ./sertantai plan {name}{_flags(False, False, stack)}")


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    for command in (build, push, pin, login):
        app.command()(command)
    app.add_typer(services, name="service")


def _parts(backend: bool, frontend: bool) -> list[str]:
    return [part for part, is_chosen in (("app", backend), ("frontend", frontend)) if is_chosen]


def _flags(backend: bool, frontend: bool, stack: str) -> str:
    from ..engine.hints import flag

    flags = [" --backend"] * backend + [" --frontend"] * frontend
    return "".join(flags) + flag(stack)
