"""`status --html`: the status as a page."""

import re
from pathlib import Path

from .seeing import Answer, run, seen


def test_it_says_the_same_and_needs_nothing_from_elsewhere(host: Answer, tmp_path: Path) -> None:
    host(seen(problems=[{"key": "x", "text": "<script>alert(1)</script> & more"}]))
    file = tmp_path / "status.html"
    code, text = run("--html", str(file))
    assert (code, text) == (1, f"{file}: written; local: 1 problem\n")
    page = file.read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert not re.search(r"<script|<link|<img|src=|href=|url\(|@import|https?://", page)
    assert "prefers-color-scheme: dark" in page
    for line in run()[1].splitlines()[3:]:
        for words in re.split(r"  +|^[✓!✗] ", line):
            assert not words or words.strip() in page, words


def test_a_file_that_cannot_be_written_is_refused(host: Answer, tmp_path: Path) -> None:
    host(seen())
    code, text = run("--html", str(tmp_path / "missing" / "status.html"))
    assert code == 1
    assert "status.html cannot be written: No such file or directory" in text
