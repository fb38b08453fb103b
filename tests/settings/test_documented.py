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
