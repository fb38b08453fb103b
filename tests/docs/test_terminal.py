"""The pictures show what a terminal shows at the end of a run."""

import re
import sys
from pathlib import Path

from rich.text import Text

from docs.terminal import Screen, draw, run

PROGRAM = """
import time
from rich.console import Console
from rich.live import Live
console = Console()
with Live("a step runs\\nanother one runs", console=console, auto_refresh=False) as live:
    live.console.print("[green]a step has ended[/green]")
    live.update("another one runs", refresh=True)
    live.update("", refresh=True)
answer = input("Apply this? [y/N]: ")
print("the answer is", answer)
"""


def shown(screen: Screen) -> list[str]:
    return [line for text in screen.lines if (line := Text.from_ansi(text).plain.rstrip())]


def test_what_was_shown_for_a_moment_is_gone(tmp_path: Path) -> None:
    screen = run([sys.executable, "-c", PROGRAM], tmp_path)
    assert [line for line in shown(screen) if "runs" in line] == []
    assert "a step has ended" in shown(screen)
    assert shown(screen)[-2] == "Apply this? [y/N]: y"
    assert shown(screen)[-1] == "the answer is y"


def test_a_picture_has_the_command_the_text_and_its_colours(tmp_path: Path) -> None:
    screen = run([sys.executable, "-c", PROGRAM], tmp_path)
    draw(screen, "./sertantai deploy auth", tmp_path / "picture.svg", "a title")
    svg = (tmp_path / "picture.svg").read_text().replace("&#160;", " ")
    assert "$ ./sertantai deploy auth" in svg
    assert "a step has ended" in svg
    assert "a title" in svg


def test_a_line_that_is_longer_than_the_terminal_is_shown_whole(tmp_path: Path) -> None:
    draw(Screen(["x" * 200 + "y"]), "./sertantai status", tmp_path / "picture.svg", "a title")
    svg = (tmp_path / "picture.svg").read_text()
    assert "".join(re.findall(r">([xy]+)</text>", svg)) == "x" * 200 + "y"
