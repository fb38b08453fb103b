"""docs/reference/commands.md: every command of `./sertantai`, from the Typer app that runs it."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from cli.__main__ import app

from .tables import table

FILE = Path(__file__).with_name("commands.md")
HEAD = """# Commands

Every command of `./sertantai`. `make reference` writes this page from the program itself; `./sertantai COMMAND --help`
shows the same.

| exit code | meaning |
|---|---|
| 0 | it is done, or there was nothing to do |
| 1 | it has failed, was refused or interrupted, or the state that it shows is bad |
| 2 | of `plan` and `deploy --check-only`: there are changes. Of `pin --check`: there are tags without a digest |
| 64 | the command line is wrong: an unknown command or option, or a missing word |

`exec`, `psql` and `ssh` end with the exit code of what they have run.
"""


def text() -> str:
    """Returns the page."""
    return "\n".join([HEAD, *_sections("", typer.main.get_command(app))])


def _sections(path: str, command: Any) -> Iterator[str]:
    """Yields the section of a command, or those of all commands of a group."""
    if hasattr(command, "commands"):
        for name in sorted(command.commands):
            yield from _sections(f"{path} {name}".strip(), command.commands[name])
        return
    options = [each for each in command.params if each.name != "help" and not getattr(each, "hidden", False)]
    arguments = [each for each in options if each.param_type_name == "argument"]
    words = " ".join([f"./sertantai {path}", *map(_word, arguments)])
    parts = [f"## {path}", f"```\n{words}{' [OPTIONS]' if len(options) > len(arguments) else ''}\n```"]
    parts.append(_prose(command.help or ""))
    if options:
        parts.append(table(["argument or option", "default", "what it is for"], map(_row, options)))
    yield "\n\n".join(parts) + "\n"


def _prose(help_text: str) -> str:
    """Returns a help text in Markdown. Typer marks a paragraph whose lines stay as they are by a backspace."""
    return inspect.cleandoc(help_text).replace("\b\n", "")


def _row(option: Any) -> list[str]:
    name = _word(option) if option.param_type_name == "argument" else _spelling(option)
    variable = f"Or the environment's {option.envvar}." if option.envvar else ""
    return [f"`{name}`", _default(option), f"{option.help or ''} {variable}"]


def _word(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    if argument.nargs == -1:
        name += "..."
    return name if argument.required else f"[{name.strip('[]')}]"


def _spelling(option: Any) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    kind = option.type_descriptor.annotation
    word = option.metavar or ("TEXT" if kind is str else getattr(kind, "__name__", "VALUE").upper())
    return names if option.is_flag else f"{names} {word}"


def _default(option: Any) -> str:
    if option.required:
        return "required"
    return f"`{option.default}`" if option.default not in (None, False, "", ()) else "-"
