"""`backup files`: restores the files of a service's volumes next to the live ones, and those of a lost server."""

import json
from collections.abc import Sequence

from settings import Mistakes, StackFile

from ..engine.engine import ROOT
from ..engine.hints import flag
from ..refused import Refused
from ..server import at_host

CERTIFICATES = "letsencrypt"
"""The volume of all certificates, by its name in the backups."""


def restore(stack: str, service: str, at: str) -> None:
    """Restores each volume of a service, or of the certificates, into a new volume. Raises `Refused`."""
    volumes = _volumes(stack, service)
    if not volumes:
        raise Refused(f"{service}: is no service whose app has volumes; {CERTIFICATES} has the certificates")
    for volume in volumes:
        words = ["files-restore", stack, volume, *(["--at", at] if at else [])]
        if at_host.run(stack, *words):
            raise Refused("")


def recover(stack: str) -> None:
    """Fills all declared volumes that are empty, on a new server before `up`. PostgreSQL's data is there already.

    Raises `Refused`.
    """
    volumes = [CERTIFICATES, *(volume for service in _services(stack) for volume in _volumes(stack, service))]
    if at_host.run(stack, "files-recover", stack, stdin=json.dumps({"volumes": volumes})):
        raise Refused(
            "The databases are recovered and some files are not: run up, then "
            f"`./sertantai backup files SERVICE{flag(stack)}`"
        )


def _volumes(stack: str, service: str) -> Sequence[str]:
    """Returns the names of a service's volumes in the backups."""
    if service == CERTIFICATES:
        return [CERTIFICATES]
    block = _services(stack).get(service) or {}
    return [f"{service}-{name}" for name in (block.get("app") or {}).get("volumes") or {}]


def _services(stack: str) -> dict[str, dict[str, dict[str, dict[str, str]]]]:
    try:
        return StackFile.read(stack, ROOT / f"Pulumi.{stack}.yaml").block("services")
    except Mistakes as mistakes:
        raise Refused(str(mistakes)) from None
