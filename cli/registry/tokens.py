"""What a registry's token must be able to do, and what it lacks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

from host.rules import TOKEN_S

from ..engine.hints import flag
from ..refused import Refused
from . import registry
from .registry import TOKEN_OWNERS, Repository, Token
from .registry_http import Credentials

Action = Literal["read", "push"]
SCOPES: dict[Action, str] = {"read": "read:packages", "push": "write:packages"}
# Docker looks for layers that the registry has already before it pushes.
NEEDS: dict[Action, tuple[Action, ...]] = {"read": ("read",), "push": ("push", "read")}
LOGINS: dict[Action, str] = {"read": "./sertantai login", "push": "./sertantai login --push"}
NEW_TOKEN = "https://github.com/settings/tokens/new?scopes={}"  # noqa: S105
SOON = timedelta(seconds=TOKEN_S)


def check(stack: str, server: str, credentials: Credentials, action: Action, repositories: list[str]) -> Token:
    """Returns what a token is, if it may do this in all repositories. Raises `Refused` by what it lacks."""
    try:
        token = registry.who(server, credentials)
    except Refused as refused:
        raise Refused(f"{refused}: {_new(stack, server, action)}") from None
    denials = {
        need: [name for name in repositories if not _may(Repository(name, credentials), need)] for need in NEEDS[action]
    }
    denied = list(dict.fromkeys(name for names in denials.values() for name in names))
    if not denied:
        return token
    verb = " and ".join({"read": "read", "push": "push to"}[need] for need, names in denials.items() if names)
    if token.scopes is None:
        kind = ": it takes classic tokens alone, not fine-grained ones" if server in TOKEN_OWNERS else ""
        raise Refused(f"{server}: this login may not {verb} {', '.join(denied)}{kind}: {_new(stack, server, action)}")
    lacking = [SCOPES[need] for need, names in denials.items() if names and SCOPES[need] not in token.scopes]
    if lacking:
        has = ", ".join(sorted(token.scopes)) or "no scope"
        raise Refused(
            f"{server}: the token lacks {' and '.join(lacking)} (it has {has}): {_new(stack, server, action)}"
        )
    raise Refused(
        f"{server}: the token has the scope and may still not {verb} {', '.join(denied)}: "
        f"give {credentials.username} access in the package's settings"
    )


def notes(token: Token, action: Action) -> Iterator[str]:
    """Returns what the operator should know of an accepted token."""
    if token.expires:
        left = token.expires - datetime.now(UTC)
        warning = "warning: " if left < SOON else ""
        yield f"{warning}the token expires on {token.expires:%Y-%m-%d}, in {max(left.days, 0)} days"
    if token.scopes is not None:
        yield f"its scopes: {', '.join(sorted(token.scopes)) or 'none'}"
        more = token.scopes - {SCOPES["read"]}
        if action == "read" and more:
            yield "warning: it may do more than read. The platform needs read:packages alone"


def _may(repository: Repository, action: Action) -> bool:
    return repository.may_read() if action == "read" else repository.may_push()


def _new(stack: str, server: str, action: Action) -> str:
    where = (
        f"make one at {NEW_TOKEN.format(','.join(SCOPES[need] for need in NEEDS[action]))}, then "
        if server in TOKEN_OWNERS
        else ""
    )
    return f"{where}run `{LOGINS[action]}{flag(stack)}`"
