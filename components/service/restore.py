"""Restores a dump once, at the end of a release. The preview shows what would prevent it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi import Output

from render import environment, sql, verb
from render.archive import EXCLUDED_TABLES
from render.archive_format import MAKE_AGAIN
from settings import Restore, stream_id

from ..command import command
from .electric import ACTIVE
from .release import Release
from .restore_program import describe_dump, dump_paths, open_dump, option_flags, restored_query

PROGRAM = [".venv/bin/python", "-m", "components.service.restore_program"]
"""The command on the operator's machine, in the project's folder."""


@dataclass(frozen=True, kw_only=True)
class _Target:
    """A declared restore and its database."""

    release: Release
    sharers: Sequence[Release]
    restore: Restore
    database: str

    @property
    def path(self) -> str:
        """The path of its setting."""
        return f"services/{self.release.service}/restore"

    @property
    def postgres(self) -> str:
        """PostgreSQL's container."""
        return self.release.platform.postgres.container_name

    @property
    def owner(self) -> str:
        """The role that the app's logins become."""
        return sql.owner(self.database)


def restore(release: Release, sharers: Sequence[Release], *, after: Sequence[pulumi.Resource]) -> None:
    """Declares the restore. It runs again for a new dump or new settings; PostgreSQL records which dumps it has.

    `sharers` are the other services on the database: they stop too, and start again.
    """
    settings, database = release.settings.restore, release.accounts.database
    if not settings or not database:
        return
    host, backup = release.platform.host, release.platform.backup
    target = _Target(release=release, sharers=sharers, restore=settings, database=database.name)
    secrets = Output.all(*(secret for user in (release, *sharers) for secret in _secrets(user)))
    command(
        f"{release.service}-restore",
        PROGRAM,
        _digest(target).apply(
            lambda digest: verb.line(
                release.service,
                settings.dump,
                digest=digest,
                **option_flags(settings.replace, settings.disable_triggers),
            )
        ),
        stdin=Output.all(program=host.program, secrets=secrets).apply(
            lambda values: _stdin(target, values["program"], values["secrets"])
        ),
        parent=release.parent,
        depends_on=[*host.ready, *host.installed, *after, *([backup.ready] if backup else [])],
    )


def _secrets(release: Release) -> list[Output[list[str]]]:
    """Returns the values that the logs of a service must not show."""
    electric = release.accounts.electric
    return [release.secrets, *([electric.secrets] if electric else [])]


def _stdin(target: _Target, program: Sequence[str], secrets: Sequence[Sequence[str]]) -> str:
    """Returns the stdin of the program on the operator's machine. It passes `inputs` on to the host."""
    release, restore, backup = target.release, target.restore, target.release.platform.backup
    inputs = {
        "owner": target.owner,
        "path": restore.dump,
        "excluded_tables": EXCLUDED_TABLES,
        "secrets": [value for values in secrets for value in values],
        **_user(release),
    }
    if target.sharers:
        inputs["sharers"] = [{"service": sharer.service, **_user(sharer)} for sharer in target.sharers]
    return verb.stdin(
        {
            "program": list(program),
            "stack": pulumi.get_stack(),
            "database": target.database,
            "postgres": target.postgres,
            "gateway": release.platform.nginx.container_name,
            "expect": restore.expect,
            **({"backup": backup.container_name} if backup else {}),
            "inputs": inputs,
        }
    )


def _user(release: Release) -> dict[str, Any]:
    """Returns how the host stops a service on the database, and starts it again."""
    electric = release.settings.electric
    gates = _gates(release)
    slot = sql.slot(stream_id(release.service, electric)) if electric and "electric" in gates else ""
    return {"slot": slot, "gates": gates, "grace_s": release.settings.app.drain_s}


def _gates(release: Release) -> dict[str, dict[str, Any]]:
    """Returns the gates that app and Electric must pass again after the restore, without parts that are stopped."""
    app, electric, running = release.settings.app, release.settings.electric, release.settings.running()
    gates: dict[str, dict[str, Any]] = {}
    if "app" in running:
        gates["app"] = {
            "check": environment.health_check(app.health, app.port),
            "port": app.port,
            "successes": app.health.successes,
            "timeout_s": app.health.start_timeout_s,
        }
    if electric and "electric" in running:
        gates["electric"] = {
            "check": ACTIVE,
            "port": environment.ELECTRIC_PORT,
            "successes": 1,
            "timeout_s": electric.start_timeout_s,
        }
    return gates


def _digest(target: _Target) -> Output[str]:
    """Returns the dump's SHA-256. At preview it reports what would prevent the restore."""
    dump = Path(target.restore.dump)
    query = restored_query(target.database, target.postgres, target.owner)
    restored_dumps = target.release.platform.host.read(*query).apply(dump_paths)
    if dump.is_dir():
        raise pulumi.RunError(f"{target.path}/dump: {dump} is a directory: {MAKE_AGAIN}")
    if not dump.is_file():
        # On a machine without the file, it is enough that PostgreSQL has the dump.
        return restored_dumps.apply(lambda paths: _restored_digest(paths, target))
    with dump.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if pulumi.runtime.is_dry_run():
        _preview(target, restored_dumps.apply(lambda paths: digest in paths))
    return Output.from_input(digest)


def _restored_digest(paths: dict[str, str], target: _Target) -> str:
    for digest, path in paths.items():
        if path == target.restore.dump:
            return digest
    raise pulumi.RunError(
        f"{target.path}/dump: there is no file {target.restore.dump}, and {target.database} does not have it yet: "
        "copy it here (`./sertantai dump` makes one), or remove the block"
    )


def _preview(target: _Target, is_restored: Output[bool]) -> None:
    """Reports what the dump contains. Fails if it does not fit and the release's migrations cannot change that."""
    restore, parent = target.restore, target.release.parent

    def report(answer: str) -> None:
        values = json.loads(answer or "{}")
        if problems := values.get("problems"):
            raise pulumi.RunError("\n".join(["the dump cannot be restored:", *problems]))
        for line in values.get("notes", []):
            pulumi.log.warn(line, parent)

    line = verb.line(
        "restore-check",
        target.release.service,
        target.database,
        postgres=target.postgres,
        **option_flags(restore.replace, restore.disable_triggers),
    )
    stdin = is_restored.apply(lambda restored: verb.stdin({}) if restored else _check_stdin(target))
    target.release.platform.host.read(line, stdin).apply(report)


def _also(target: _Target) -> str:
    names = ", ".join(sharer.service for sharer in target.sharers)
    return f", and so does everything of {names}, on the same database" if names else ""


def _check_stdin(target: _Target) -> str:
    """Opens the dump, logs its contents, and returns the stdin of the verb `restore-check`."""
    release, dump = target.release, target.restore.dump
    archive, mistakes = open_dump(target.path, dump, target.restore.expect)
    if mistakes or not archive:
        raise pulumi.RunError("\n".join(mistakes))
    tables = archive.restored_tables()
    rows = sum(table.rows for table in tables)
    stop = "app and Electric stop" if release.settings.electric else "app stops"
    pulumi.log.info(
        f"{release.service}/restore: {rows:,} rows of {len(tables)} tables from {dump} go into "
        f"{target.database}, once; its {stop} meanwhile{_also(target)}",
        release.parent,
    )
    return verb.stdin(describe_dump(archive, dump) | {"owner": target.owner})
