"""Shell text for the platform's steps. What is secret is never in it: it comes by stdin."""

import shlex
from collections.abc import Mapping, Sequence

from . import nginx
from .template import fill

ELECTRIC_GRACE_S = 60
SUPERUSER = "postgres"
# What a database's owner may set for all who connect to it, so that no name of theirs is taken for a built-in one and
# no lock or query of theirs holds a step up.
SESSION = (
    "-c search_path=pg_catalog -c lock_timeout=10s -c statement_timeout=5min -c standard_conforming_strings=on "
    "-c default_transaction_read_only=off -c idle_session_timeout=0 -c idle_in_transaction_session_timeout=0 "
    "-c client_encoding=UTF8"
)


def inside(container: str, script: str, interpreter: str = "bash", stdin: bool = True) -> str:
    """Runs `script` inside a container."""
    return shlex.join(["docker", "exec", *(["-i"] if stdin else []), container, interpreter, "-c", script])


def read_inside(container: str, command: Sequence[str]) -> str:
    """What a command in a container prints; nothing where there is no such container, or it cannot answer."""
    return shlex.join(["docker", "exec", container, *command]) + " 2>/dev/null || true"


def psql(postgres: str, database: str = "postgres", user: str = SUPERUSER) -> str:
    """Feeds stdin to psql as `user`, who logs in over the container's own socket."""
    # A database's owner may set a role for everybody; that of a login is its own.
    options = f"{SESSION} -c role=none" if user == SUPERUSER else SESSION
    return fill("psql.sh.j2", postgres=postgres, database=database, user=user, options=options).strip()


def answer(postgres: str, sql: str, database: str = "postgres") -> str:
    """What PostgreSQL answers the superuser; nothing where it is not there, or cannot answer."""
    return f"{psql(postgres, database)} 2>/dev/null <<'SQL' || true\n{sql}SQL\n"


def gate(what: str, container: str, check: Sequence[str], port: int, successes: int, timeout_s: int) -> str:
    """Waits until a new container is healthy on `port`, and fails as soon as it dies.

    Stdin: the secrets to mask in its log, a line each.
    """
    return _gate(what, shlex.quote(container), check, port, successes, timeout_s, served_before=True)


def gate_again(what: str, variable: str, check: Sequence[str], port: int, successes: int, timeout_s: int) -> str:
    """The same for a container that was stopped for a while; its name is in a shell variable."""
    return _gate(what, f'"${variable}"', check, port, successes, timeout_s, served_before=False)


def _gate(
    what: str, container: str, check: Sequence[str], port: int, successes: int, timeout_s: int, *, served_before: bool
) -> str:
    return fill(
        "gate.sh.j2",
        what=what,
        container=container,
        check=check,
        port=port,
        successes=successes,
        timeout_s=timeout_s,
        served_before=served_before,
    )


def filters(labels: Mapping[str, str]) -> list[str]:
    """Docker's options that select by labels."""
    return [word for name, value in labels.items() for word in ("--filter", f"label={name}={value}")]


def drain(what: str, nginx_container: str, drain_s: int) -> str:
    """Waits, so long at most, until no worker of the gateway that is shutting down has requests in flight."""
    return inside(nginx_container, fill("drain.sh.j2", what=what, drain_s=drain_s), stdin=False)


def switch(what: str, target: str, nginx_container: str, mark: str = "", remove: bool = False) -> str:
    """Changes one of the gateway's files from within its container; the new text comes by stdin.

    `mark` is left beside it, to tell later whether somebody else has changed the file.
    """
    return fill(
        "switch.sh.j2", what=what, target=target, nginx=nginx_container, mark=mark, remove=remove, volume=nginx.VOLUME
    )
