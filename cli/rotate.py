"""Replaces a secret by a new one: the platform generates it, or the operator types it."""

from contextlib import nullcontext

import typer

from . import services, state
from .engine import console
from .hints import flag
from .pinned import find_or_install
from .refused import Refused
from .runner import Command
from .secrets import GENERATED, IN_FILE, MADE, Secret, read

KEPT = {
    "BACKUP_PASSPHRASE": "without it nobody reads the backups that exist: it stays as long as the repository does",
    "backup_passphrase": "without it nobody reads the backups that exist: it stays as long as the repository does",
}


def rotate(stack: str, service: str, name: str, *, yes: bool) -> int:
    """Replaces a secret. Returns the exit code. Raises `Refused`."""
    owner = "" if service == "platform" else service
    if owner:
        services.find(stack, owner)
    found = {secret.name: secret for secret in read(stack) if secret.service == owner}
    if name not in found:
        raise Refused(f"{name}: {service} has no such secret{services.suggest(name, found)}")
    if name in KEPT:
        raise Refused(f"{name}: {KEPT[name]}")
    secret = found[name]
    if not (cli := find_or_install()):
        raise Refused(
            f"pulumi: there is no CLI here, and only it can change a secret: `./sertantai doctor{flag(stack)}`"
        )
    if secret.source == MADE:
        return _generate(stack, secret, yes=yes)
    return _type(cli, stack, secret)


def _generate(stack: str, secret: Secret, *, yes: bool) -> int:
    """Lets the engine make a new one, after its preview."""
    from components.machine.confirmed import digests_file

    console.print(f"{secret.name}: a new one is generated. Restarts: {_restarts(secret)}.", soft_wrap=True)
    with nullcontext() if yes else digests_file():
        if not yes:
            code = Command("preview", stack).run("preview", "--replace", secret.resource)
            if code or not typer.confirm(f"Apply this to {stack}?", err=True):
                return code or 1
        words = ["--yes", "--skip-preview", "--continue-on-error", "--replace", secret.resource]
        return Command("up", stack).run("up", *words)


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
