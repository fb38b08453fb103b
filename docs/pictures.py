"""Draws the README's pictures from runs of the commands on the local stack: `make pictures`.

It releases images of auth's app that it builds, changes things by hand, and restores the platform and its stack file.
SERTANTAI_STACK names another stack on this machine.
"""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

import yaml
from rich.text import Text

from cli.stack import stack_edit
from local import images

from .terminal import Screen, draw, run
from .transcripts import MISMATCH, ROOT, STACK, drift

IMAGE = ("services", "auth", "app", "image")


def picture(name: str, line: str, title: str) -> None:
    """Runs a command, and draws what its terminal shows."""
    screen = run(shlex.split(line), ROOT)
    screen.lines = [text for text in screen.lines if not Text.from_ansi(text).plain.startswith(MISMATCH)]
    draw(screen, line, ROOT / f"docs/{name}.svg", title)


def built(version: str, **arguments: str) -> str:
    """Builds and pushes a version of the app. Returns its name with the tag alone."""
    config = yaml.safe_load(STACK.read_text())["config"]
    registry = config["sertantai:registry"]
    login = registry["server"], registry["username"], config["sertantai:registry_token"]
    return f"{images.build('app', version, *login, **arguments).partition('@')[0]}:{version}"


@contextmanager
def restored() -> Iterator[None]:
    """Restores the stack file and the platform at the end."""
    before = STACK.read_text()
    try:
        yield
    finally:
        STACK.write_text(before)
        up()


def up() -> Screen:
    """Makes the platform what the stack file declares."""
    return run(["./sertantai", "up", "--yes"], ROOT)


def main() -> None:
    """Draws every picture, on a platform that is up."""
    up()
    picture("doctor", "./sertantai doctor", "everything that could be wrong here")
    picture("status", "./sertantai status", "one screen that is true")
    newer = built("2")
    with restored():
        stack_edit.set_value(STACK, IMAGE, newer)
        drift()
        picture("plan", "./sertantai plan", "what up would do, and what was changed by hand")
    with restored():
        picture("deploy", "./sertantai deploy auth --backend --tag 2", "a release of one service")
        built("3", FAIL="nif")
        picture(
            "failed-deploy",
            "./sertantai deploy auth --backend --tag 3",
            "a release that fails, while the old one serves",
        )


if __name__ == "__main__":
    main()
