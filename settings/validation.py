"""Validates one block of a stack file, and words pydantic's errors for its author."""

import copy
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from .postgres import Tuning
from .settings import Settings
from .site import ROUTE_FORMS
from .suggest import suggestion


def validate(adapter: TypeAdapter[Any], raw: Any, path: tuple[str, ...], mistakes: list[str]) -> Any:
    """Returns a valid block. Otherwise adds its mistakes, and returns what is left without unknown keys, or None."""
    try:
        return adapter.validate_python(raw)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        mistakes.extend(_line(path, raw, details) for details in errors)
        if any(details["type"] != "extra_forbidden" for details in errors):
            return None
        # With unknown keys alone, the rest is still checked against the other settings.
        return validate(adapter, _without(raw, [details["loc"] for details in errors]), path, [])


def _without(raw: Any, locations: list[tuple[int | str, ...]]) -> Any:
    copied = copy.deepcopy(raw)
    for location in locations:
        block = copied
        for key in location[:-1]:
            if not _is_added(key, block):
                block = block[key]
        block.pop(location[-1], None)  # a YAML anchor makes one block appear in two places
    return copied


def _line(path: tuple[str, ...], raw: Any, details: ErrorDetails) -> str:
    keys = list(path)
    block = raw
    for key in details["loc"]:
        if _is_added(key, block):
            continue
        keys.append(str(key))
        block = block.get(key) if isinstance(block, dict) else None
    return f"{'/'.join(keys)}: {_message(details, keys)}"


def _is_added(key: int | str, block: Any) -> bool:
    """Whether pydantic added this key to a location: the chosen kind of a block, or what is no key of a stack file."""
    return key in ("[key]", *ROUTE_FORMS) or (isinstance(block, dict) and key == block.get("kind"))


def _message(details: ErrorDetails, path: Sequence[str]) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden" if path[:-1] == ["postgres", "settings"]:
            return f"cannot be set here; these can: {', '.join(Tuning.model_fields)}"
        case "extra_forbidden":
            return f"is not a known setting{suggestion(path[-1], _all_settings())}"
        case "value_error":
            return str(context["error"])
        case "string_type":
            return "must be text; put it in quotes"
        case "too_short" | "string_too_short":
            return "must not be empty"
        case "union_tag_not_found":
            return "must be chosen: kind is missing"
        case "union_tag_invalid":
            return f"kind must be one of {context['expected_tags']}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "must be a block of settings"
    return details["msg"].replace("Input should", "must").replace("String should", "must")


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from _names(value)


@cache
def _all_settings() -> list[str]:
    """Returns the names of all settings. Not at import: the schema takes longer than all blocks of a stack file."""
    return sorted(set(_names(Settings.model_json_schema())))
