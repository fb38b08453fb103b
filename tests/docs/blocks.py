"""The fenced blocks of a page."""

import re
from dataclasses import dataclass

from tests.places import ROOT

FENCE = re.compile(r"^```(?P<language>\w*)(?: (?P<mark>[^\n]*))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
RUN_PAGES = ("README.md", "docs/quick-start.md")
"""A test runs their blocks of shell, in their order (tests/e2e/test_documents.py)."""


@dataclass(frozen=True)
class Block:
    """A block, and what stands next to its language."""

    language: str
    mark: str
    text: str

    @property
    def is_run(self) -> bool:
        return self.language == "sh" and not self.mark


def blocks(page: str) -> list[Block]:
    """Returns all blocks of a page, in their order."""
    found = FENCE.finditer((ROOT / page).read_text())
    return [Block(match["language"], match["mark"] or "", match["text"]) for match in found]
