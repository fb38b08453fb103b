"""The only writer of stack files: changes one setting, and keeps order, comments, spelling and anchors of the others.

A path such as `("services", "legal", "app", "image")` begins with the name of one of this project's keys; a name with a
colon, such as `hcloud:token`, is a key of the file as it is.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from settings.stack_file import PROJECT

from ..refused import Refused
from . import yaml_text

Keys: TypeAlias = tuple[str, ...]


def set_value(file: Path, path: Keys, value: Any) -> None:
    """Sets a value, under a new key if it is missing. Raises `Refused` with the line to write by hand."""
    _write(file, path, value, f"{yaml_text.dump(path[-1])}: {yaml_text.dump(value)}")


def add_block(file: Path, path: Keys, text: str) -> None:
    """Adds lines of YAML under a new key. Raises `Refused` with the lines to write by hand."""
    block = f"{yaml_text.dump(path[-1])}:\n{yaml_text.indent(text, yaml_text.INDENT)}"
    _write(file, path, yaml.safe_load(text), block, text)


def in_file(path: Keys) -> Keys:
    """Returns the path as the file has it, below `config`."""
    return (path[0] if ":" in path[0] else f"{PROJECT}:{path[0]}", *path[1:])


def remove_line(file: Path, path: Keys, value: Any) -> bool:
    """Removes the line that `set_value` has added. Returns False, and changes nothing, if there is no such line."""
    target = file.resolve()
    before = _read(target)
    wanted = _without(yaml.safe_load(before), ("config", *in_file(path)))
    added = f"{yaml_text.dump(path[-1])}: {yaml_text.dump(value)}"
    lines = before.splitlines(keepends=True)
    for number, line in enumerate(lines):
        rest = "".join(lines[:number] + lines[number + 1 :])
        if line.strip() == added and yaml.safe_load(rest) == wanted:
            _replace(target, rest)
            return True
    return False


def _write(file: Path, path: Keys, value: Any, by_hand: str, block: str = "") -> None:
    target = file.resolve()  # a link stays a link
    before = _read(target)
    changed = _changed(file, before, path, value, by_hand, block)
    if changed != before:
        _replace(target, changed)


def _replace(target: Path, text: str) -> None:
    new = target.with_name(f"{target.name}.new")
    with new.open("w", newline="") as writer:
        writer.write(text)
    new.chmod(target.stat().st_mode)
    new.replace(target)


def _read(file: Path) -> str:
    with file.open(newline="") as reader:
        return reader.read()


def _changed(file: Path, before: str, path: Keys, value: Any, by_hand: str, block: str) -> str:
    """Returns the changed text, if it differs from the old one in this value alone."""
    keys = ("config", *in_file(path))
    try:
        document = yaml.safe_load(before)
        if block and _has(document, keys):
            raise Refused(f"{'/'.join(path)}: {file.name} has this block already; change it there")
        changed = yaml_text.edit(before, keys, value, block)
        other = next(_differences(_with(document, keys, value), yaml.safe_load(changed)), None)
        why = f"the file has an anchor or a key twice: {_shown(other)} would change too" if other is not None else ""
    except (yaml.YAMLError, LookupError, TypeError, ValueError, AttributeError):
        changed, why = before, "the file is written in a way that only a person can change"
    if why:
        lines = yaml_text.indent(by_hand, yaml_text.INDENT)
        where = f"the block {'/'.join(keys[1:-1])}" if len(keys) > 2 else "config"
        raise Refused(
            f"{file.name}: {'/'.join(path)}: {why}. "
            f"Write this into {where} by hand, then run the same command again:\n{lines}"
        )
    return changed


def _has(document: Any, keys: Keys) -> bool:
    for key in keys:
        if not isinstance(document, dict) or key not in document:
            return False
        document = document[key]
    return True


def _with(document: Any, keys: Keys, value: Any) -> Any:
    """Returns a document with a value under keys. All blocks on the way are new: an anchor's is in two places."""
    if not keys:
        return value
    block = document or {}
    return {**block, keys[0]: _with(block.get(keys[0]), keys[1:], value)}


def _without(document: Any, keys: Keys) -> Any:
    """Returns a document without the value under keys, if it has one."""
    if not isinstance(document, dict) or keys[0] not in document:
        return document
    others = {key: value for key, value in document.items() if key != keys[0]}
    return {**document, keys[0]: _without(document[keys[0]], keys[1:])} if keys[1:] else others


def _differences(wanted: Any, got: Any, path: Keys = ()) -> Iterator[Keys]:
    """Returns the paths at which two documents differ."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key in [*wanted, *(key for key in got if key not in wanted)]:
            yield from _differences(wanted.get(key), got.get(key), (*path, str(key)))
    elif wanted != got or type(wanted) is not type(got):
        yield path


def _shown(path: Keys) -> str:
    return "/".join(path[1:]).removeprefix(f"{PROJECT}:") or "all of it"
