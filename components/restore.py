"""Data from a dump, put in once: what is in its way shows at preview, and it is done when the release is."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pulumi
from pulumi import Output

from render import environment, shell
from render import restore as render
from render.archive_format import AGAIN
from settings import Electric, Restore, Service, stream_id

from .electric import ACTIVE, ElectricAccess
from .host import Host, step
from .names import labels
from .platform import Platform
from .restore_program import assigned, opened

PROGRAM = """import sys
sys.version_info >= (3, 10) or sys.exit("python3 is " + sys.version.split()[0] + " here, and 3.10 or newer is needed")
from components.restore_program import Restore
Restore(**{!r}).run(sys.stdin.read())
"""


def restore(
    name: str,
    service: Service,
    given_to_app: Output[dict[str, str]],
    electric: ElectricAccess | None,
    platform: Platform,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> None:
    """Runs again for another dump, or other words about it; PostgreSQL then knows whether it has that one already."""
    settings = service.restore
    if not settings:
        return
    host, target = platform.host, _target(name, service, platform)
    restored = render.restored(target.postgres_container, target.database)
    if Path(settings.dump).is_dir():
        raise pulumi.RunError(f"{target.at}/dump: {settings.dump} is a directory: {AGAIN}")
    if Path(settings.dump).is_file():
        digest = Output.from_input(_digest(settings.dump))
        if pulumi.runtime.is_dry_run():
            _preview(settings, target, digest, host.read(restored), host, parent)
    else:
        # On another machine than the one that had the dump it is enough that PostgreSQL knows of it.
        digest = host.read(restored).apply(lambda known: _known(known, settings, target))
    call = Output.all(digest=digest, interpreter=host.interpreter).apply(
        lambda known: {
            "what": f"{name}/restore",
            "at": target.at,
            "dump": settings.dump,
            "expect": settings.expect,
            "digest": known["digest"],
            "interpreter": list(known["interpreter"]),
            "restored": restored,
            "incoming": render.incoming(target.stack, name, known["digest"]),
            "load": render.restore(settings, target, known["digest"]),
        }
    )
    masks = given_to_app.apply(lambda known: environment.to_mask(known, service.app.secrets))
    step(
        f"{name}-restore",
        ["python3", "-c"],
        call.apply(lambda known: PROGRAM.format(known)),
        stdin=Output.all(masks, electric.mask if electric else "").apply("\n".join),
        parent=parent,
        depends_on=[*host.ready, *depends_on],
    )


def _target(name: str, service: Service, platform: Platform) -> render.Target:
    app = service.app
    assert service.database
    electric: Electric | None = service.electric
    check = environment.health_check(app.health, app.port)
    times = app.health.successes, app.health.start_timeout_s
    return render.Target(
        service=name,
        stack=pulumi.get_stack(),
        database=service.database.name,
        postgres_container=platform.postgres.container_name,
        nginx_container=platform.nginx.container_name,
        labels=labels(name),
        grace_s=app.drain_s,
        stream_id=stream_id(name, electric) if electric else None,
        app_gate=shell.gate_again(f"{name}/app", "app", check, app.port, *times),
        electric_gate=shell.gate_again(
            f"{name}/electric", "electric", ACTIVE, environment.ELECTRIC_PORT, 1, electric.start_timeout_s
        )
        if electric
        else "",
    )


def _digest(dump: str) -> str:
    with Path(dump).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _known(restored: str, settings: Restore, target: render.Target) -> str:
    for line in restored.splitlines():
        digest, _, path = line.partition(" UTC ")
        if path == settings.dump:
            return digest.split()[0]
    raise pulumi.RunError(
        f"{target.at}/dump: there is no file {settings.dump}, and {target.database} does not have it yet: "
        "bring it here (`./sertantai dump` makes one), or take the block out"
    )


def _preview(
    settings: Restore,
    target: render.Target,
    digest: Output[str],
    restored: Output[str],
    host: Host,
    parent: pulumi.Resource,
) -> None:
    """Says what the dump has and what is in its way; fails where nothing that the release does could change that."""

    def described(known: list[str]) -> str:
        if known[0] in known[1]:
            return ""
        archive, wrong = opened(target.at, settings.dump, settings.expect)
        if wrong or not archive:
            raise pulumi.RunError("\n".join(wrong))
        tables = archive.restored()
        rows = sum(table.rows for table in tables)
        pulumi.log.info(
            f"{target.service}/restore: {rows:,} rows of {len(tables)} tables from {settings.dump} go into "
            f"{target.database}, once; its app{' and Electric' if target.stream_id else ''} stop meanwhile",
            parent,
        )
        return assigned("", archive, Path(settings.dump).stat().st_size)

    def report(said: str) -> None:
        lines = said.splitlines()
        if any(": note: " not in line for line in lines):
            raise pulumi.RunError("\n".join(["the dump cannot be put in:", *lines]))
        for line in lines:
            pulumi.log.warn(line.replace(": note: ", ": "), parent)

    told = Output.all(digest, restored).apply(described)
    host.read(render.checked(settings, target), told).apply(report)
