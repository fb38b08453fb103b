"""Explains a failed build: patterns in its log with a known cause, each with what to do and where."""

import re
from collections.abc import Iterator
from pathlib import Path

REGEX_FAILED = re.compile(
    r"Failed to load NIF library|cannot inject attribute @(?P<name>\w+)|cannot escape #Reference|:re_exported_pattern"
)
CRYPTO_FAILED = re.compile(r"EVP_PKEY_sign_message_init|Error relocating \S*crypto|symbol not found.*crypto")
ATTRIBUTE = re.compile(r"^(?P<indent>\s*)@(?P<name>\w+)\s+(?P<value>\S.*)$")
REGEX = re.compile(r"~[rR][/|\"'(\[{<]|Regex\.compile")
TEXTS = ("doc", "moduledoc", "typedoc", "shortdoc", "spec", "type", "typep", "opaque", "callback", "impl")
SKIPPED = {"deps", "_build", "node_modules", ".git", "test"}
MAX_SHOWN = 10


def explain(log: str, folder: Path) -> Iterator[str]:
    """Returns the known causes that a build's log shows. `folder` is the build's context."""
    if match := REGEX_FAILED.search(log):
        yield from _regexes(folder, match["name"])
    if CRYPTO_FAILED.search(log):
        yield (
            "crypto's NIF does not load: builder and last stage are not the same Alpine. Erlang is linked to the "
            "builder's OpenSSL, so make the last stage FROM the Alpine of the builder: "
            "`docker run --rm BUILDER cat /etc/alpine-release`"
        )


def _regexes(folder: Path, named: str | None) -> Iterator[str]:
    found = list(attributes(folder))
    found = [each for each in found if each[1] == named] or found
    yield (
        "a module attribute holds a compiled regex, which Elixir 1.18 cannot put into a function. It may compile on "
        "your machine, from an old _build. Keep the pattern as text in the attribute, and compile it when it is used "
        "(`Regex.compile!`, kept in :persistent_term)" + (":" if found else "")
    )
    for place, name in found[:MAX_SHOWN]:
        yield f"  {place}: @{name}"
    if len(found) > MAX_SHOWN:
        yield f"  and {len(found) - MAX_SHOWN} more"


def attributes(folder: Path) -> Iterator[tuple[str, str]]:
    """Returns the place and the name of each module attribute with a regex, in a folder's .ex files."""
    for file in sorted(folder.rglob("*.ex")):
        path = file.relative_to(folder)
        if not SKIPPED & set(path.parts):
            for line, name in _in(file.read_text(errors="replace")):
                yield f"{path}:{line}", name


def _in(text: str) -> Iterator[tuple[int, str]]:
    """Returns each attribute once, with the line of its first regex. Its value may have several lines."""
    name, indent = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if match := ATTRIBUTE.match(line):
            name, indent = match["name"], len(match["indent"])
            name = "" if name in TEXTS else name
        elif line.strip() and len(line) - len(line.lstrip()) <= indent and not line.strip().startswith(("]", "}", ")")):
            name = ""
        if name and REGEX.search(line.partition("# ")[0]):
            yield number, name
            name = ""
