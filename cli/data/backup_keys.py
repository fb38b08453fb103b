"""What a recovery needs without laptop and state: the repository, its keys, and the secrets that data depends on."""

import json
import shlex
from collections.abc import Iterator

import yaml

from settings import Mistakes, StackFile
from settings.stack_file import PROJECT

from ..engine import state
from ..engine.engine import ROOT
from ..engine.pinned import find_or_install
from ..refused import Refused

PASSWORD = "random:index/randomPassword:RandomPassword"  # noqa: S105
REHEARSED = ROOT / ".rehearsal"
PASSPHRASE = "backup_passphrase"  # noqa: S105
GENERATED = {PASSPHRASE: "backup-passphrase"}
"""The resource of each generated secret by its config key; those of services are below."""


def lines(stack: str) -> list[str]:
    """Returns the text to keep. Raises `Refused`."""
    try:
        file = StackFile.read(stack, ROOT / f"Pulumi.{stack}.yaml")
    except Mistakes as mistakes:
        raise Refused(str(mistakes)) from None
    if not file.block("backup"):
        raise Refused("backup: is not declared, so there is nothing to recover from")
    cli = find_or_install()
    generated = _from_engine(cli, stack) if cli else _from_rehearsal(stack)
    secrets = {**dict(_generated(file, generated)), **(_config(cli, stack) if cli else _plain(file))}
    if PASSPHRASE not in secrets:
        raise Refused("backup: its passphrase is not in the state yet: run up first")
    block = yaml.safe_dump({f"{PROJECT}:backup": file.block("backup")}, sort_keys=False, default_flow_style=None)
    return [
        f"# What a recovery of the stack {stack} needs without laptop and state. Keep it where neither of them is.",
        *(f"# {line}" for line in block.splitlines()),
        # Without `--`, the CLI reads a private key, which begins with "-----", as options.
        *(
            f"pulumi config set --stack {stack} --secret {key} -- {shlex.quote(secrets[key])}"
            for key in sorted(secrets)
        ),
    ]


def _generated(file: StackFile, generated: dict[str, str]) -> Iterator[tuple[str, str]]:
    names = GENERATED | {f"{service}_SECRET_KEY_BASE": f"{service}-key" for service in file.block("services")}
    for key, name in names.items():
        if name in generated:
            yield key, generated[name]


def _from_engine(cli: str, stack: str) -> dict[str, str]:
    """Returns the generated secrets in the engine's state, by resource."""
    passwords = [each for each in state.resources(cli, stack, "--show-secrets") if each["type"] == PASSWORD]
    return {each["urn"].rpartition("::")[2]: json.loads(each["outputs"]["result"]["plaintext"]) for each in passwords}


def _from_rehearsal(stack: str) -> dict[str, str]:
    """Returns the same from the rehearsal's state."""
    try:
        saved = json.loads((REHEARSED / stack / "state.json").read_text())
    except OSError:
        raise Refused(f"{stack}: has no state here: run up first") from None
    passwords = [each for each in saved["made"] if each["type"] == PASSWORD]
    return {each["name"]: each["outputs"]["result"]["[secret]"] for each in passwords}


def _config(cli: str, stack: str) -> dict[str, str]:
    """Returns the secrets of the stack file."""
    failed = f"Pulumi.{stack}.yaml: its secrets cannot be read"
    values = json.loads(state.call(cli, stack, "config", "--show-secrets", "--json", failed=failed))
    prefix = f"{PROJECT}:"
    secrets = {key: each["value"] for key, each in values.items() if each.get("secret") and key.startswith(prefix)}
    return {key.removeprefix(prefix): value for key, value in secrets.items()}


def _plain(file: StackFile) -> dict[str, str]:
    """Returns the secrets of a local stack's file, which are in plain text."""
    return {key: value for key, value in file.project_values().items() if isinstance(value, str)}
