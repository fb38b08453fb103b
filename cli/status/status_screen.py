"""The status on a terminal of any width, with or without colour."""

import textwrap
from collections.abc import Sequence

from rich.text import Text

from ..show.views import terminal
from .status_rows import BAD, GOOD, NOTE, PLAIN, Row, Section

MARKS = {GOOD: "✓", NOTE: "!", BAD: "✗", PLAIN: " "}
STYLES = {GOOD: "green", NOTE: "yellow", BAD: "bold red", PLAIN: ""}
NARROW = 80
"""Columns, below which a row's text is under its name."""
LONGEST_NAME = 28


def show(title: str, verdict: Sequence[Row], sections: Sequence[Section]) -> None:
    """Prints it. Without a terminal no line is broken."""
    console = terminal()
    width = console.width if console.is_terminal else None
    console.print(Text(title, "bold"), soft_wrap=True)
    for row in verdict:
        for text in _wrap(f"{row.name}: {row.text}", width, "  "):
            console.print(Text(text, STYLES[row.level]), soft_wrap=True)
    names = [len(row.name) for section in sections for row in section.rows]
    column = min(max(names, default=0), LONGEST_NAME)
    for section in sections:
        console.print(Text(f"\n{section.title}", "bold"), soft_wrap=True)
        for row in section.rows:
            for line in _row(row, column, width):
                console.print(line, soft_wrap=True)


def _row(row: Row, column: int, width: int | None) -> list[Text]:
    mark = Text(f"{MARKS[row.level]} ", STYLES[row.level])
    if width and width < NARROW:
        return [mark + Text(row.name), *map(Text, _wrap(f"    {row.text}", width, "    "))]
    first, *rest = _wrap(row.text, width and width - column - 4, "") or [""]
    return [mark + Text(f"{row.name:<{column}}  {first}"), *(Text(" " * (column + 4) + line) for line in rest)]


def _wrap(text: str, width: int | None, indent: str) -> list[str]:
    if not width:
        return [text]
    return textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False)
