"""Reads the stages of a Dockerfile: which image each begins with, and from which it copies files."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

ARG = re.compile(r"(?P<name>\w+)(?:=(?P<value>.*))?")
FROM = re.compile(r"(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<name>\S+))?\s*", re.IGNORECASE)
COPY_FROM = re.compile(r"--from=(\S+)")
VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::?(?P<kind>[-+])(?P<word>[^}]*))?\}|(?P<plain>\w+))")
HEREDOC = re.compile(r"<<-?[\"']?(\w+)[\"']?")


@dataclass
class Stage:
    """One stage. `image` is an image or the name of an earlier stage."""

    image: str
    name: str
    line: int
    copies: list[str] = field(default_factory=list)


def stages(text: str, arguments: Mapping[str, str]) -> list[Stage]:
    """Returns the stages. `arguments` are the build's, in place of the defaults before the first FROM."""
    found: list[Stage] = []
    values: dict[str, str] = {}
    for line, word, rest in _instructions(text):
        if word == "ARG" and not found:
            for match in map(ARG.fullmatch, rest.split()):
                if match:
                    default = expand(_unquoted(match["value"] or ""), values)
                    values[match["name"]] = arguments.get(match["name"], default)
        elif word == "FROM" and (match := FROM.fullmatch(rest)):
            name = (match["name"] or str(len(found))).lower()
            found.append(Stage(expand(match["image"], values), name, line))
        elif word == "COPY" and found:
            found[-1].copies += [each.lower() for each in COPY_FROM.findall(rest)]
    return found


def base(stage: Stage, every: list[Stage]) -> str:
    """Returns the image that a stage begins with, through the stages that it is made from."""
    earlier = {each.name: each for each in every[: every.index(stage)]}
    while parent := earlier.get(stage.image.lower()):
        stage = parent
        earlier = {each.name: each for each in every[: every.index(stage)]}
    return stage.image


def copied(every: list[Stage]) -> list[Stage]:
    """Returns the stages whose files are in the last one."""
    by_name = {name: each for index, each in enumerate(every) for name in (each.name, str(index))}
    runners, stage = [every[-1]], every[-1]
    while parent := by_name.get(stage.image.lower()):
        if parent in runners:
            break
        runners.append(parent)
        stage = parent
    names = [name for runner in runners for name in runner.copies]
    return [by_name[name] for name in names if name in by_name and by_name[name] not in runners]


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replaces variables, as Docker does in FROM."""

    def value(match: re.Match[str]) -> str:
        current = values.get(match["braced"] or match["plain"], "")
        if match["kind"] == "-":
            return current or match["word"]
        return (match["word"] if current else "") if match["kind"] == "+" else current

    return VARIABLE.sub(value, text)


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """Returns each instruction with its line, word and the rest, without comments and the texts of heredocs."""
    begun, parts, end = 0, list[str](), ""
    for number, line in enumerate(text.splitlines(), 1):
        if end:
            end = "" if line.strip() == end else end
            continue
        if line.lstrip().startswith("#") or not line.strip():
            continue
        begun = begun if parts else number
        parts.append(line.strip().removesuffix("\\"))
        if line.rstrip().endswith("\\"):
            continue
        word, _, rest = " ".join(parts).strip().partition(" ")
        parts = []
        heredoc = HEREDOC.search(rest) if word.upper() in ("RUN", "COPY", "ADD") else None
        end = heredoc[1] if heredoc else ""
        yield begun, word.upper(), rest.strip()


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
