"""Data from a dump of another database of a service: checked against what is here, then put in whole or not at all."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from settings import Restore

from . import nginx, shell, sql
from .archive import LEFT_OUT
from .cutover import slots_lock
from .template import fill

DISK_MB = 512
LOCK_TIMEOUT_S = 30
POSTGRES_WAIT_S = 120
# Longer than any release, or the restore of any other service.
WAIT_S = 6 * 3600
# Transactions that are shorter end by themselves before the app has stopped.
PATIENCE_S = 5


@dataclass(frozen=True, kw_only=True)
class Target:
    """The database that a dump goes into, and what is stopped meanwhile."""

    service: str
    stack: str
    database: str
    postgres_container: str
    nginx_container: str
    labels: Mapping[str, str]
    grace_s: int
    stream_id: str | None
    app_gate: str
    electric_gate: str
    """Texts that wait until the containers in `$app` and `$electric` are healthy."""

    @property
    def at(self) -> str:
        """The path of its setting."""
        return f"services/{self.service}/restore"


def incoming(stack: str, service: str, digest: str) -> str:
    """Where a dump lies on the host until it is in, as shell text."""
    return f'"$HOME/.sertantai/{stack}/{service}-incoming-{digest}.dump"'


def restored(postgres_container: str, database: str) -> str:
    """Which dumps a database has, a line each: digest, when, and the path it had; nothing where there is none."""
    return shell.answer(postgres_container, fill("restored.sql.j2"), database)


def checked(settings: Restore, target: Target) -> str:
    """Says at preview what would keep a dump out. Stdin: shell assignments that describe it; without them, nothing."""
    psql = shell.psql(target.postgres_container, target.database)
    ask = f'[ -n "${{DUMP:-}}" ] && echo | {psql} 2>/dev/null || exit 0'
    return f'eval "$(cat)"\n{ask}\n{_check(settings, target, preview=True)}check\n'


def restore(settings: Restore, target: Target, digest: str) -> str:
    """Puts the dump with this SHA-256, which lies on the host, into the database. Stdin: as for `checked`."""
    what = f"{target.service}/restore"
    common = {"database": target.database, "digest": digest, "lock_timeout_s": LOCK_TIMEOUT_S, "left_out": LEFT_OUT}
    slot = sql.slot(target.stream_id) if target.stream_id else ""
    text = fill(
        "restore.sh.j2",
        what=what,
        at=target.at,
        path=settings.dump,
        service=target.service,
        stack=target.stack,
        incoming=incoming(target.stack, target.service, digest),
        slots=slots_lock(target.stack),
        wait_s=WAIT_S,
        loader=f"sertantai-restore-{target.service}",
        postgres_wait_s=POSTGRES_WAIT_S,
        psql=shell.psql(target.postgres_container, target.database),
        postgres=target.postgres_container,
        nginx=target.nginx_container,
        labels=shell.filters(target.labels),
        flags=nginx.MAINTENANCE,
        flag=f"{nginx.MAINTENANCE}/{target.service}",
        grace_s=target.grace_s,
        electric=bool(target.stream_id),
        disable_triggers=settings.disable_triggers,
        check=_check(settings, target),
        drop=fill("cutover_drop.sql.j2", database=target.database, slot=slot),
        restored=fill("restored.sql.j2"),
        begin=fill("restore_begin.sql.j2", replace=settings.replace, **common),
        end=fill("restore_end.sql.j2", path=settings.dump, **common),
        undo=fill("restore_undo.sql.j2", **common),
        undone=fill("restore_undone.sql.j2", **common),
        app_gate=target.app_gate,
        electric_gate=target.electric_gate,
        **common,
    )
    # Whatever becomes of who has called it, in a session of its own it goes on.
    return shlex.join(["exec", "setsid", "-w", "bash", "-c", text])


def _check(settings: Restore, target: Target, *, preview: bool = False) -> str:
    question = fill(
        "restore_check.sql.j2",
        at=target.at,
        database=target.database,
        preview=preview,
        replace=settings.replace,
        electric=bool(target.stream_id),
        patience_s=PATIENCE_S,
    )
    return fill(
        "restore_check.sh.j2",
        at=target.at,
        database=target.database,
        postgres=target.postgres_container,
        psql=shell.psql(target.postgres_container, target.database),
        question=question,
        disk_mb=DISK_MB,
    )
