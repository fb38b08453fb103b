"""What a host sees while all is good, and the call of `status`."""

import copy
from collections.abc import Callable
from typing import Any

from typer.testing import CliRunner

from cli import __main__ as command
from cli.engine.engine import ROOT
from render.declared import declared
from settings import StackFile, parse
from tests import looks

Answer = Callable[..., None]
NOW = "2026-11-24T12:00:00Z"
DIGEST, OTHER = "sha256:" + "1f4b" * 16, "sha256:" + "91aa" * 16
CERTIFICATE = {"issued": "2026-11-01T00:00:00Z", "expires": "2027-01-24T12:00:00Z"}
FILE = StackFile.read("local", ROOT / "Pulumi.local.yaml")
DECLARED = declared(parse(FILE.project_values(), FILE.project_secrets()))
PARTS = [("platform", part, image) for part, image in DECLARED["platform"].items()]
PARTS += [(name, part, image) for name, each in DECLARED["services"].items() for part, image in each["parts"].items()]
RELEASE = {
    "service": "legal",
    "number": 7,
    "command": "deploy legal",
    "who": "ann@laptop",
    "commit": "abc1234",
    "begun": "2026-11-24T09:00:00+00:00",
    "ended": "2026-11-24T09:00:21+00:00",
    "images": {},
    "commits": {"app": "def5678"},
    "result": "serves",
    "error": "",
    "seconds": 21,
}
BACKUP = {
    "repositories": {"repository": {"kind": "s3", "backups": [{"ended": "2026-11-24T02:16:00Z"}], "error": ""}},
    "archive": {"last_time": "2026-11-24T11:59:20Z"},
    "verify": {"result": "good", "at": "2026-11-24T04:30:00Z"},
    "problems": [],
}


def container(service: str, part: str, image: str) -> dict[str, Any]:
    return looks.container(service, part, image=image.rpartition(":")[0], digest=DIGEST)


def seen(**changes: Any) -> dict[str, Any]:
    """What the host sees while all is good, some of it changed."""
    services = DECLARED["services"]
    slots = [each["slot"] for each in services.values() if "slot" in each]
    good = {
        "time": NOW,
        "containers": [container(*each) for each in PARTS],
        "foreign": [],
        "passing": [],
        "sites": list(services),
        "serving": {},
        "placeholders": [],
        "maintenance": [],
        "certificates": {host: CERTIFICATE for each in services.values() for host in each["hosts"]},
        "drifted": [],
        "stopped": [],
        "unreadable": {},
        "slot_limit_mb": 8192,
        "errors_5xx": {"legal": {"requests": 1203, "errors": 0, "seconds": 300}},
        "slots": [{"name": each, "active": True, "retained_mb": 12, "lag_s": 0.1} for each in slots],
        "databases": [{"name": "sertantai_legal_local", "size_mb": 1204, "connections": 20}],
        "connections": {"used": 51, "limit": 300},
        "released": {f"{name}/{part}": f"{image.rpartition(':')[0]}@{DIGEST}" for name, part, image in PARTS},
        "releases": {"legal": RELEASE},
        "backup": None,
        "disk": [{"path": "/", "size_mb": 80_000, "free_mb": 54_000}],
        "memory": {"total_mb": 8000, "available_mb": 5000},
        "declared": DECLARED,
        "problems": [],
    }
    return copy.deepcopy(good | changes)


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(command.app, ["status", *words])
    return result.exit_code, result.output
