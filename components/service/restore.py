"""Data from a dump, put in once: what is in its way shows at preview, and it is done when the release is."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pulumi
from pulumi import Output

from render import environment, sql, verb
from render.archive import LEFT_OUT
from render.archive_format import AGAIN
from settings import Restore, Service, stream_id

from ..host import Host, step
from ..platform.platform import Platform
from .electric import ACTIVE, ElectricAccess
from .restore_program import described, digests, flags, opened, restored

PROGRAM = [".venv/bin/python", "-m", "components.service.restore_program"]
"""From the project's folder, where steps on the operator's machine run."""


@dataclass(frozen=True, kw_only=True)
class _Target:
    """The service that a dump is for, and its database."""

    name: str
    service: Service
    settings: Restore
    database: str
    postgres: str
    gateway: str

    @property
    def at(self) -> str:
        """The path of its setting."""
        return f"services/{self.name}/restore"

    @property
    def owner(self) -> str:
        """The role that the app's logins become."""
        return sql.owner(self.database)


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
    if not settings or not service.database:
        return
    host = platform.host
    target = _Target(
        name=name,
        service=service,
        settings=settings,
        database=service.database.name,
        postgres=platform.postgres.container_name,
        gateway=platform.nginx.container_name,
    )
    digest = _digest(target, host, parent)
    secrets = [given_to_app.apply(lambda known: environment.secret_values(known, service.app.secrets))]
    if electric:
        secrets.append(electric.secrets)
    step(
        f"{name}-restore",
        PROGRAM,
        digest.apply(
            lambda known: verb.line(
                name, settings.dump, digest=known, **flags(settings.replace, settings.disable_triggers)
            )
        ),
        stdin=Output.all(host.program, *secrets).apply(lambda known: _told(target, known[0], [*chain(*known[1:])])),
        parent=parent,
        depends_on=[*host.ready, *host.installed, *depends_on],
    )


def _told(target: _Target, program: Sequence[str], secrets: list[str]) -> str:
    service = target.service
    app, electric = service.app, service.electric
    gates: dict[str, dict[str, Any]] = {
        "app": {
            "check": environment.health_check(app.health, app.port),
            "port": app.port,
            "successes": app.health.successes,
            "timeout_s": app.health.start_timeout_s,
        }
    }
    if electric:
        gates["electric"] = {
            "check": ACTIVE,
            "port": environment.ELECTRIC_PORT,
            "successes": 1,
            "timeout_s": electric.start_timeout_s,
        }
    host = {
        "owner": target.owner,
        "path": target.settings.dump,
        "left_out": LEFT_OUT,
        "slot": sql.slot(stream_id(target.name, electric)) if electric else "",
        "gates": gates,
        "grace_s": app.drain_s,
        "secrets": secrets,
    }
    return verb.told(
        {
            "program": list(program),
            "stack": pulumi.get_stack(),
            "database": target.database,
            "postgres": target.postgres,
            "gateway": target.gateway,
            "expect": target.settings.expect,
            "told": host,
        }
    )


def _digest(target: _Target, host: Host, parent: pulumi.Resource) -> Output[str]:
    """The dump's SHA-256. Says at preview what is in its way."""
    dump, at = Path(target.settings.dump), target.at
    known = host.ask(*restored(target.database, target.postgres, target.owner)).apply(digests)
    if dump.is_dir():
        raise pulumi.RunError(f"{at}/dump: {dump} is a directory: {AGAIN}")
    if not dump.is_file():
        # On another machine than the one that had the dump it is enough that PostgreSQL knows of it.
        return known.apply(lambda paths: _known(paths, target))
    with dump.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if pulumi.runtime.is_dry_run():
        _preview(target, host, known.apply(lambda paths: digest in paths), parent)
    return Output.from_input(digest)


def _known(paths: dict[str, str], target: _Target) -> str:
    for digest, path in paths.items():
        if path == target.settings.dump:
            return digest
    raise pulumi.RunError(
        f"{target.at}/dump: there is no file {target.settings.dump}, and {target.database} does not have it yet: "
        "bring it here (`./sertantai dump` makes one), or take the block out"
    )


def _preview(target: _Target, host: Host, is_in: Output[bool], parent: pulumi.Resource) -> None:
    """Says what the dump has and what is in its way; fails where nothing that the release does could change that."""
    dump, settings = target.settings.dump, target.settings

    def told(is_in: bool) -> str:
        if is_in:
            return verb.told({})
        archive, wrong = opened(target.at, dump, settings.expect)
        if wrong or not archive:
            raise pulumi.RunError("\n".join(wrong))
        tables = archive.restored()
        rows = sum(table.rows for table in tables)
        stop = "app and Electric stop" if target.service.electric else "app stops"
        pulumi.log.info(
            f"{target.name}/restore: {rows:,} rows of {len(tables)} tables from {dump} go into "
            f"{target.database}, once; its {stop} meanwhile",
            parent,
        )
        return verb.told(described(archive, dump) | {"owner": target.owner})

    def report(answer: str) -> None:
        found = json.loads(answer or "{}")
        if problems := found.get("problems"):
            raise pulumi.RunError("\n".join(["the dump cannot be put in:", *problems]))
        for line in found.get("notes", []):
            pulumi.log.warn(line, parent)

    line = verb.line(
        "restore-check",
        target.name,
        target.database,
        postgres=target.postgres,
        **flags(settings.replace, settings.disable_triggers),
    )
    host.ask(line, is_in.apply(told)).apply(report)
