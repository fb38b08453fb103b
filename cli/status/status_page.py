"""The status as one page that needs nothing from elsewhere: light and dark, for any screen."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from ..refused import Refused
from .status_rows import BAD, GOOD, NOTE, PLAIN, Row, Section

STYLE = """
:root { color-scheme: light dark; --good: #18794e; --note: #8a5a00; --bad: #b3261e; --line: #8884; }
@media (prefers-color-scheme: dark) { :root { --good: #4cc38a; --note: #e2a336; --bad: #ff8a80; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1rem; margin: 1.6rem 0 .3rem; }
time { color: GrayText; } ul { list-style: none; padding: 0; }
table { border-collapse: collapse; width: 100%; } tr { border-top: 1px solid var(--line); }
th { font-weight: 600; text-align: left; white-space: nowrap; width: 14rem; }
th, td { padding: .3rem .6rem .3rem 0; vertical-align: top; overflow-wrap: anywhere; }
.good { color: var(--good); } .note { color: var(--note); } .bad { color: var(--bad); font-weight: 600; }
@media (max-width: 40rem) { th, td { display: block; width: auto; border: 0; } }
"""
WORDS = {GOOD: "good", NOTE: "note", BAD: "bad", PLAIN: ""}
"""The words of the levels: colour alone tells not everybody."""


def write(file: Path, title: str, moment: str, verdict: Sequence[Row], sections: Sequence[Section]) -> None:
    """Writes the page, whole or not at all. Raises `Refused`."""
    new = file.with_name(f"{file.name}.new")
    try:
        new.write_text(page(title, moment, verdict, sections), encoding="utf-8")
        new.replace(file)
    except OSError as error:
        raise Refused(f"--html: {file} cannot be written: {error.strerror}") from None


def page(title: str, moment: str, verdict: Sequence[Row], sections: Sequence[Section]) -> str:
    """Returns the page's text."""
    lines = [f'<li class="{row.level}">{escape(row.name)}: {escape(row.text)}</li>' for row in verdict]
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<time datetime="{escape(moment)}">{escape(moment)}</time>',
        *(["<ul>", *lines, "</ul>"] if lines else []),
        *(line for section in sections for line in _section(section)),
    ]
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>\n<style>{STYLE}</style>",
            *body,
            "</html>\n",
        ]
    )


def _section(section: Section) -> list[str]:
    rows = [
        f'<tr><th scope="row">{escape(row.name)}</th><td>{_level(row)}{escape(row.text)}</td></tr>'
        for row in section.rows
    ]
    return [f"<h2>{escape(section.title)}</h2>", "<table>", *rows, "</table>"]


def _level(row: Row) -> str:
    return f'<span class="{row.level}">{WORDS[row.level]}</span> ' if row.level else ""
