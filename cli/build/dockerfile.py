"""Reads the stages of a Dockerfile: which image each begins with, and from which it copies files."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

ARG = re.compile(r"(?P<name>\w+)(?:=(?P<value>.*))?")
FROM = re.compile(r"(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<name>\S+))?\s*", re.IGNORECASE)
COPY_FROM = re.compile(r"--from=(\S+)")
VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::?(?P<kind>[-+])(?P<word>[^}]*))?\}|(?P<plain>\w+))")
MOUNT_FROM = re.compile(r"--mount=(?:[^\s,]+,)*from=([^\s,]+)")
HEREDOC = re.compile(r"""(?<![<\w])<<-?(["']?)(?P<end>[A-Za-z_]\w*)\1""")
EMPTY = "scratch"


@dataclass
class Stage:
    """One stage. `image` is an image or the name of an earlier stage."""

    image: str
    name: str
    line: int
    copies: list[str] = field(default_factory=list)
    """From which stages and images it copies files."""
    mounts: list[str] = field(default_factory=list)
    """Which ones its commands see."""


@dataclass(frozen=True)
class Source:
    """A stage, or an image outside the Dockerfile, from which files come. `image` is the one that it begins with."""

    name: str
    image: str
    is_certain: bool
    """Whether the last stage has files that this one has made."""


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
            found[-1].copies += COPY_FROM.findall(rest)
        elif word == "RUN" and found:
            found[-1].mounts += MOUNT_FROM.findall(rest)
    return found


def base(stage: Stage, every: list[Stage]) -> str:
    """Returns the image that a stage begins with, through the stages that it is made from."""
    while parent := {each.name: each for each in every[: every.index(stage)]}.get(stage.image.lower()):
        stage = parent
    return stage.image


def copied(every: list[Stage]) -> list[Source]:
    """Returns what the last stage has files of, or may have."""
    by_name = {name: each for index, each in enumerate(every) for name in (each.name, str(index))}
    found: dict[str, Source] = {}

    def chain(stage: Stage) -> list[Stage]:
        stages = [stage]
        while (parent := by_name.get(stages[-1].image.lower())) and parent not in stages:
            stages.append(parent)
        return stages

    runners = chain(every[-1])

    def follow(name: str, is_certain: bool) -> None:
        source = by_name.get(name.lower())
        if source in runners:
            return
        image = base(source, every) if source else name
        new = Source(source.name if source else name, image, is_certain and source is not None)
        if new.name in found and found[new.name].is_certain >= new.is_certain:
            return
        found[new.name] = new
        if source:
            # Who copies from a stage need not copy what that stage has copied, unless it has nothing else.
            follow_all(chain(source), new.is_certain and image == EMPTY)

    def follow_all(stages: list[Stage], is_certain: bool) -> None:
        for stage in stages:
            for name in stage.copies:
                follow(name, is_certain)
            for name in stage.mounts:
                follow(name, False)

    follow_all(runners, True)
    return list(found.values())


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
    begun, parts, ends = 0, list[str](), list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if ends:
            ends = ends[line.strip() == ends[0] :]
            continue
        if line.lstrip().startswith("#") or not line.strip():
            continue
        begun = begun if parts else number
        parts.append(line.strip().removesuffix("\\"))
        if line.rstrip().endswith("\\"):
            continue
        word, rest = [*" ".join(parts).split(maxsplit=1), ""][:2]
        parts = []
        if word.upper() in ("RUN", "COPY", "ADD"):
            ends = [heredoc["end"] for heredoc in HEREDOC.finditer(rest)]
        yield begun, word.upper(), rest.strip()


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
