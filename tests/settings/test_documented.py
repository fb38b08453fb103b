"""The blocks of services in the documentation are accepted as they stand there."""

import re
from pathlib import Path
from typing import Any

import yaml

from settings import parse

from .stack import SMALL

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(file: str, beginning: str) -> list[str]:
    """Returns the blocks of YAML that begin with these words."""
    return [text for text in BLOCK.findall((ROOT / file).read_text()) if text.startswith(beginning)]


def test_the_smallest_service_has_six_lines_in_both_pages() -> None:
    (shown,), (documented,) = (blocks(file, "sertantai:services:") for file in ("README.md", "docs/services.md"))
    assert shown == documented
    _, name, *lines = shown.splitlines()
    assert (name.strip(), len(lines)) == ("notes:", 6)


def test_the_blocks_of_backups_are_accepted() -> None:
    secrets = dict.fromkeys(("backup_sftp_key", "backup_s3_key", "backup_s3_secret"), "x")
    alerts, *_ = (yaml.safe_load(text) for text in blocks("docs/alerts.md", "sertantai:alerts:"))
    shown = [yaml.safe_load(text)["sertantai:backup"] for text in blocks("docs/backups.md", "sertantai:backup:")]
    assert [block["repository"]["kind"] for block in shown] == ["sftp", "s3"]
    for block in shown:
        own = {name: value for name, value in secrets.items() if block["repository"]["kind"] in name}
        stack = SMALL | {"backup": block, "alerts": alerts["sertantai:alerts"]} | own
        assert parse(stack, [*own]).backup


def test_each_shape_is_accepted() -> None:
    services: dict[str, Any] = {}
    for text in blocks("docs/services.md", "  "):
        if not text.startswith("   "):  # a whole service
            services |= yaml.safe_load(text)
    (sites,) = (yaml.safe_load(text)["sertantai:sites"] for text in blocks("docs/services.md", "sertantai:sites:"))
    (smallest,) = (yaml.safe_load(text)["sertantai:services"] for text in blocks("README.md", "sertantai:services:"))
    for service in services.values():
        service["app"]["memory_mb"] = 64
    names = {"library", "accounts", "reader", "portal", "desk", "scraper", "archive"}
    assert services.keys() >= names
    postgres = SMALL["postgres"] | {"max_connections": 1000}
    secret = {"status_BASIC_AUTH": "operator:$apr1$abcdefgh$0123456789012345678901"}
    parse(SMALL | {"postgres": postgres, "services": services | smallest, "sites": sites} | secret, [*secret])
