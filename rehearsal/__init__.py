"""The same program on local Docker, where no Pulumi CLI can be had."""

import hashlib
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from .monitor import Monitor, run
from .stack import read
from .state import Resource, Secret

__all__ = ["Declaration", "Resource", "Secret", "declare"]

PLACEHOLDERS = {"ipv4Address": "192.0.2.1", "ipAddress": "192.0.2.1", "ipv6Address": "2001:db8::1"}


class Declaration(Monitor):
    """Makes nothing: ids, addresses, passwords, what functions return are invented; what commands print is unknown."""

    def make(self, new: Resource) -> Resource:
        """With an id of digits, for some programs calculate with it."""
        if new.custom:
            self.changes[new.urn] = "create", []
        invented = {**PLACEHOLDERS, "name": new.name, "result": Secret(_digest(new.urn))}
        return replace(new, id=str(zlib.crc32(new.urn.encode())), outputs=invented | new.inputs)

    def call(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        """With a digest made of the name, and nothing printed."""
        return {"sha256Digest": f"sha256:{_digest(args.get('name', ''))}", "stdout": "", "stderr": ""} | args


def declare(stack: str, file: Path | str | None = None) -> list[Resource]:
    """All that the working directory's program declares for a stack; touches nothing and asks nobody."""
    found = read(stack, Path(file or f"Pulumi.{stack}.yaml"))
    declaration = Declaration(strict=found.local)
    run(declaration, found, dry=True)
    return list(declaration.found.values())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
