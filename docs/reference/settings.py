"""docs/reference/settings.md: every setting of a stack file, from the models that read it."""

import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from settings import Settings
from settings.names import _Text

from .tables import table

FILE = Path(__file__).with_name("settings.md")
HEAD = """# Settings

Every setting of a `Pulumi.<stack>.yaml`. `make reference` writes this page from the models in `settings/`, which are
the only reader of a stack file. How settings are used is in [services.md](../services.md) and the pages that it names.

A path such as `services/NAME/app/port` is the key `port` in the block `app` of a service, below
`sertantai:services`. Errors begin with such a path. A setting without a default is required.
"""
WORDS = {"str": "text", "int": "number", "float": "number", "bool": "true or false", "None": "null"}
VALIDATED = {
    "_image": "an image such as ghcr.io/owner/name:tag",
    "_subnet": "a private IPv4 network such as 172.30.0.0/24",
    "_cidr": "a network such as 203.0.113.7/32",
    "_address": "an IPv4 address",
}
"""Types that are checked by a function alone."""


@dataclass(frozen=True)
class Block:
    """A block of settings, at its path."""

    path: str
    model: type[BaseModel]

    @property
    def kind(self) -> str:
        """The `kind` that selects this block, if there are several."""
        field = self.model.model_fields.get("kind")
        return str(get_args(field.annotation)[0]) if field else ""


def text() -> str:
    """Returns the page."""
    return "\n".join([HEAD, *_sections(Block("", Settings), {})])


def _sections(block: Block, seen: dict[type[BaseModel], str]) -> Iterator[str]:
    """Yields a block's section, then those of the blocks in it. A model that several blocks have is shown once."""
    kind = f", kind {block.kind}" if block.kind else ""
    title = f"`{block.path}`{kind}" if block.path else "The stack file"
    if block.model in seen:
        yield f"## {title}\n\nThe same settings as `{seen[block.model]}`{kind}.\n"
        return
    seen[block.model] = block.path
    purpose = f"\n{inspect.getdoc(block.model)}\n" if block.path else ""
    fields = [(name, field) for name, field in block.model.model_fields.items() if name != "kind"]
    if fields:
        rows = [_row(block, name, field) for name, field in fields]
        yield f"## {title}\n{purpose}\n{table(['setting', 'type', 'default', 'what it is for'], rows)}\n"
    else:
        yield f"## {title}\n{purpose}\nIt has no settings{'' if kind else ': write `{}`'}.\n"
    for name, field in fields:
        for inner in _blocks(field.annotation, f"{block.path}/{name}".lstrip("/")):
            yield from _sections(inner, seen)


def _row(block: Block, name: str, field: FieldInfo) -> list[str]:
    inner = [*_blocks(field.annotation, "")]
    purpose = field.description or (_first_sentence(inner[0].model) if len(inner) == 1 else "")
    kinds = f"`kind` is {', '.join(each.kind for each in inner)}." if len(inner) > 1 else ""
    return [f"`{name}`", _type(field.annotation, field.metadata), _default(field), f"{purpose} {kinds}"]


def _first_sentence(model: type[BaseModel]) -> str:
    return (inspect.getdoc(model) or "").partition(". ")[0].partition("\n")[0].removesuffix(".") + "."


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        changed = default.model_dump(exclude_unset=True)
        return f"`{{{', '.join(f'{key}: {value}' for key, value in changed.items())}}}`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return "-" if default is None or default == "" else f"`{default}`"


def _blocks(annotation: Any, path: str) -> Iterator[Block]:
    """Yields the blocks that a setting of this type has."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield Block(path, annotation)
    elif get_origin(annotation) is Annotated:
        yield from _blocks(get_args(annotation)[0], path)
    elif get_origin(annotation) is dict:
        yield from _blocks(get_args(annotation)[1], f"{path}/NAME" if path else "")
    elif get_origin(annotation) in (Union, types.UnionType, list):
        for inner in get_args(annotation):
            yield from _blocks(inner, path)


def _type(annotation: Any, metadata: list[Any]) -> str:
    """Returns a type in words."""
    for mark in metadata:
        if isinstance(mark, _Text):
            return mark.must.removeprefix("be ")
        if isinstance(mark, AfterValidator) and (words := VALIDATED.get(getattr(mark.func, "__name__", ""))):
            return words
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0], [*_marks(inner[1:])])
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if origin is list:
        return f"list, each {_type(inner[0], [])}"
    if origin is dict:
        return "blocks by name" if [*_blocks(inner[1], "")] else f"mapping: {_type(inner[1], [])}"
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type(each, metadata) for each in inner if each is not type(None)))
    if issubclass(annotation, BaseModel):
        return "block"
    return WORDS[annotation.__name__] + _bounds(metadata)


def _marks(metadata: tuple[Any, ...]) -> Iterator[Any]:
    for mark in metadata:
        yield from mark.metadata if isinstance(mark, FieldInfo) else [mark]


def _bounds(metadata: list[Any]) -> str:
    least = next((mark.ge for mark in metadata if isinstance(mark, Ge)), None)
    most = next((mark.le for mark in metadata if isinstance(mark, Le)), None)
    if least is None and most is None:
        return ""
    return f", {least} to {most}" if most is not None else f", {least} or more"
