"""Replaces a secret by a new one: the platform generates it, or the operator types it."""

from contextlib import AbstractContextManager, nullcontext

import typer

from components.machine.confirmed import digests_file

from ..engine import state
from ..engine.engine import console
from ..engine.hints import flag
from ..engine.pinned import find_or_install
from ..refused import Refused
from ..release.applying import apply
from ..release.previewing import preview
from ..release.releasing import limited
from . import services
from .secrets import GENERATED, IN_FILE, MADE, Secret, read

PASSPHRASES = ("BACKUP_PASSPHRASE", "backup_passphrase")
"""The generated one, and the one of the stack file."""


def rotate(stack: str, service: str, name: str, *, yes: bool) -> int:
    """Replaces a secret. Returns the exit code. Raises `Refused`."""
    owner = "" if service == "platform" else service
    if owner:
        services.find(stack, owner)
    found = {secret.name: secret for secret in read(stack) if secret.service == owner}
    if name not in found:
        raise Refused(f"{name}: {service} has no such secret{services.suggest(name, found)}")
    if name in PASSPHRASES:
        raise Refused(
            f"{name}: without it nobody reads the backups that exist: it stays as long as the repository does"
        )
    secret = found[name]
    if not (cli := find_or_install()):
        raise Refused(
            f"pulumi: there is no CLI here, and only it can change a secret: `./sertantai doctor{flag(stack)}`"
        )
    if secret.source == MADE:
        return _generate(cli, stack, secret, yes=yes)
    return _type(cli, stack, secret)


def _generate(cli: str, stack: str, secret: Secret, *, yes: bool) -> int:
    """Lets the engine make a new one, by a release of its service alone. Raises `Refused`."""
    if yes and not secret.service:
        raise Refused(
            f"--yes: {secret.name} is shared, so this is an `up` of all that has changed: leave --yes out, read the "
            "plan and confirm it"
        )
    console.print(f"{secret.name}: a new one is generated. Restarts: {_restarts(secret)}.", soft_wrap=True)
    limits: AbstractContextManager[list[str]] = nullcontext([])
    if secret.service:
        limits = limited(cli, stack, secret.service)
    with limits as targets, nullcontext() if yes else digests_file():
        words = [*targets, "--replace", secret.resource]
        if not yes:
            code, shown = preview(stack, secret.service, words)
            if code or not shown or not typer.confirm(f"Apply this to {stack}?", err=True):
                return code or 1
        again = f"./sertantai secrets rotate {secret.service or 'platform'} {secret.name}{flag(stack)}"
        return apply(stack, command="rotate", service=secret.service, targets=words, again=again)


def _type(cli: str, stack: str, secret: Secret) -> int:
    """Writes one that the operator types into the stack file, encrypted."""
    value = typer.prompt(f"New value of {secret.key}", hide_input=True, confirmation_prompt=True, err=True)
    failed = f"{secret.key}: cannot be set"
    # By stdin: an argument would be in the list of processes.
    state.call(cli, stack, "config", "set", "--secret", secret.key, failed=failed, stdin=value)
    verb = "changed" if secret.source == IN_FILE else "set"
    console.print(
        f"Pulumi.{stack}.yaml: {secret.key} is {verb}. With the next `up`, these restart: {_restarts(secret)}.",
        soft_wrap=True,
    )
    return 0


def _restarts(secret: Secret) -> str:
    if not secret.service:
        return "Redis" if secret.name == "REDIS_ADMIN_PASSWORD" else "no service"
    return f"{secret.service}: {GENERATED[secret.name][1] if secret.name in GENERATED else 'the app'}"
