"""docs/from-the-manual.md has a row for each item of the manual, and each row names a test that exists."""

import ast
import re
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs/from-the-manual.md"
ITEMS = Path(__file__).with_name("manual_items.txt")
CELL = re.compile(r"(?<!\\)\|")


def sections(lines: list[str]) -> dict[str, list[str]]:
    """Returns the lines below each heading."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("## "):
            found[line.removeprefix("## ")] = []
        elif found and line.strip():
            [*found.values()][-1].append(line)
    return found


def rows() -> dict[str, list[list[str]]]:
    """Returns the cells of each row of the page, by its section."""
    tables = {}
    for title, lines in sections(PAGE.read_text().splitlines()).items():
        cells = [[cell.strip() for cell in CELL.split(line)[1:-1]] for line in lines if line.startswith("|")]
        assert cells[:2] == [["the manual", "here", "proof"], ["---"] * 3], title
        tables[title] = cells[2:]
    return tables


@cache
def named_in(file: str) -> set[str]:
    """Returns the names of the tests in a file."""
    nodes = ast.walk(ast.parse((TESTS / file).read_text()))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_item_of_the_manual_has_its_row_in_its_section() -> None:
    listed = sections(ITEMS.read_text().splitlines())
    assert {title: [item for item, *_ in table] for title, table in rows().items()} == listed


def test_each_proof_is_a_test_that_exists() -> None:
    missing = []
    for table in rows().values():
        for item, _, proofs in table:
            for proof in proofs.split(", "):
                file, _, name = proof.strip("`").partition("::")
                if not (TESTS / file).is_file() or name not in named_in(file):
                    missing.append(f"{item}: {proof}")
    assert missing == []
