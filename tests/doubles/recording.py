"""Records what the program declares, with made-up ids and outputs: it creates nothing and connects to nothing."""

import hashlib
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from rehearsal import Resource, Secret
from rehearsal.monitor import Monitor, run
from settings import StackFile

OUTPUTS = {"ipv4Address": "192.0.2.1", "ipAddress": "192.0.2.1", "ipv6Address": "2001:db8::1"}
OUTPUTS |= {"imageId": f"sha256:{'b' * 64}"}
OUTPUTS |= {"ipNetwork": "2001:db8::/64", "linuxDevice": "/dev/disk/by-id/scsi-0HC_Volume_1"}


class Recorder(Monitor):
    """The rehearsal's reader of declarations, with an output for everything that the program computes with."""

    def make(self, new: Resource) -> Resource:
        """Returns the resource as if it existed. Its id has digits alone, since some programs compute with it."""
        outputs = {**OUTPUTS, "name": new.name, "result": Secret(f"secret of {new.urn}")}
        return replace(new, id=str(zlib.crc32(new.urn.encode())), outputs=outputs | new.inputs)

    def call(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        digest = hashlib.sha256(args.get("name", "").encode()).hexdigest()
        return {"sha256Digest": f"sha256:{digest}", "stdout": "", "stderr": ""} | args


def declare(stack: str, file: Path | None = None) -> list[Resource]:
    """Returns all that the working directory's program declares for a stack, from its stack file or another one."""
    configuration = StackFile.read(stack, file)
    recorder = Recorder(strict=configuration.is_local)
    run(recorder, configuration, dry_run=True)
    return list(recorder.declared.values())
