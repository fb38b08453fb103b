"""Edits YAML as text: one value changes, and every other character stays. The caller checks what the result means."""

import re
from collections.abc import Sequence
from typing import Any

import yaml

NODE_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
INDENT = 2


class _Loader(yaml.SafeLoader):
    """Composes an alias as a leaf in its own place. PyYAML would return the node of its anchor."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if not self.check_event(yaml.AliasEvent):
            return super().compose_node(parent, index)
        event = self.get_event()  # type: ignore[no-untyped-call]
        return yaml.ScalarNode("alias", event.anchor, event.start_mark, event.end_mark)


def edit(text: str, keys: Sequence[str], value: Any, block: str = "") -> str:
    """Returns the text with a value under these keys. A missing key comes last in its mapping.

    `block` is the value as lines of YAML. Without it, a value that is not a scalar is written in one line. Raises an
    error of YAML or Python where the text has another form.
    """
    mapping: Any = yaml.compose(text, _Loader)
    for depth, name in enumerate(keys):
        pair: Any = next((pair for pair in mapping.value if pair[0].value == name), None)
        if pair is None:
            return _insert(text, mapping, keys[depth:], value, block)
        (key, node), rest = pair, keys[depth + 1 :]
        if not rest or not text[node.start_mark.index : node.end_mark.index]:
            return _replace(text, key, node, dump(_nested(rest, value), mapping.flow_style, getattr(node, "style", "")))
        if not isinstance(node, yaml.MappingNode):
            break
        mapping = node
    raise ValueError("there is no block to change")


def dump(value: Any, in_flow: bool | None = False, style: str | None = None) -> str:
    """Returns a value as one line of YAML, in the quotes of `style` if it is text."""
    quotes = style if isinstance(value, str) and style in ("'", '"') else None
    # Inside braces, more characters need quotes.
    wrapped = [value] if in_flow else value
    options: dict[str, Any] = {"width": 10**9, "allow_unicode": True, "sort_keys": False}
    line: str = yaml.safe_dump(wrapped, default_style=quotes, default_flow_style=True, **options)
    line = line.removesuffix("\n").removesuffix("\n...")
    return line[1:-1] if in_flow else line


def indent(block: str, columns: int) -> str:
    """Returns lines moved to the right."""
    return re.sub("(?m)^(?=.)", " " * columns, block.strip("\n"))


def _replace(text: str, key: Any, node: Any, value: str) -> str:
    start, end = node.start_mark.index, _end(node)
    if not isinstance(node, yaml.ScalarNode):
        if "#" in text[start:end]:
            raise ValueError("a comment would be lost")
        after_key = key.end_mark.index
        if not node.flow_style and re.fullmatch(r"\s*:\s*", text[after_key:start]):
            return f"{text[:after_key]}: {value}{text[end:]}"
    properties = NODE_PROPERTIES.match(text, start, end)
    start = properties.end() if properties else start
    before = " " if start == end else ""
    after = "\n" if text[start:end].endswith("\n") else ""
    return f"{text[:start]}{before}{value}{after}{text[end:]}"


def _insert(text: str, mapping: Any, keys: Sequence[str], value: Any, block: str) -> str:
    line = f"{dump(keys[0], mapping.flow_style)}: {dump(_nested(keys[1:], value), mapping.flow_style)}"
    if mapping.flow_style:
        if mapping.value:
            end = _end(mapping.value[-1][1])
            return f"{text[:end]}, {line}{text[end:]}"
        end = mapping.end_mark.index - 1
        return f"{text[:end]}{line}{text[end:]}"
    column, end = mapping.value[0][0].start_mark.column, _end(mapping.value[-1][1])
    if text[end - 1] != "\n":
        end = text.find("\n", end) + 1 or len(text)
    lines = indent(_lines(keys, block) if block else line, column)
    newline = "\r\n" if "\r\n" in text else "\n"
    before = "" if text[end - 1] == "\n" else newline
    return f"{text[:end]}{before}{lines.replace(chr(10), newline)}{newline}{text[end:]}"


def _lines(keys: Sequence[str], block: str) -> str:
    """Returns the lines of a block under its keys."""
    for key in reversed(keys):
        block = f"{dump(key)}:\n{indent(block, INDENT)}"
    return block


def _end(node: Any) -> int:
    """Returns where a value ends. PyYAML's own mark of a block is where the next token begins, after comments."""
    while not isinstance(node, yaml.ScalarNode) and not node.flow_style:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    index: int = node.end_mark.index
    return index


def _nested(keys: Sequence[str], value: Any) -> Any:
    for key in reversed(keys):
        value = {key: value}
    return value
