"""Changes one setting in a stack file, and keeps everything else of it: order, comments and spelling."""

from pathlib import Path
from typing import Any

import yaml

from settings.stack_file import PROJECT

from .refused import Refused

KEY = f"{PROJECT}:postgres"


def set_postgres_volume(file: Path, volume: str) -> None:
    """Sets `postgres.volume`, atomically. Raises `Refused` with the line to write by hand."""
    text = file.read_text()
    try:
        changed = _changed(text, volume)
        before, after = yaml.safe_load(text), yaml.safe_load(changed)
        config = before["config"]
        # A new block: with a YAML anchor, one block appears in two places.
        changed_block = {**config[KEY], "volume": volume}
        is_safe = after == {**before, "config": {**config, KEY: changed_block}}
    except (yaml.YAMLError, LookupError, TypeError, ValueError, AttributeError):
        is_safe = False
    if not is_safe:
        raise Refused(
            f"{file.name}: write this line into the block {KEY}, then run the same command again:\n  volume: {volume}"
        )
    if changed != text:
        new = file.with_name(f"{file.name}.new")
        new.write_text(changed)
        new.chmod(file.stat().st_mode)
        new.replace(file)


def _changed(text: str, volume: str) -> str:
    """Returns the text with the setting. The caller checks it."""
    block = _value(_value(yaml.compose(text, yaml.SafeLoader), "config"), KEY)
    current = _value(block, "volume")
    if current is not None:
        return text[: current.start_mark.index] + volume + text[current.end_mark.index :]
    if block.flow_style:
        end = block.end_mark.index - 1
        separator = ", " if block.value else ""
        return f"{text[:end].rstrip()}{separator}volume: {volume}{text[end:]}"
    start = block.start_mark
    return f"{text[: start.index]}volume: {volume}\n{' ' * start.column}{text[start.index :]}"


def _value(node: Any, key: str) -> Any:
    """Returns the node of a key's value in a mapping, or None."""
    return next((value for name, value in node.value if name.value == key), None)
