"""What the services of a stack file have in common, for a new one: how things are named, which ports are taken."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

FIRST_PORT = 4000
OF_ONE_BUILD = re.compile(r"(?::[0-9a-f]{7,40}(?:-dirty)?)?(?:@.*)?$")
"""What an image's name says of one build: the tag of a commit, and the digest."""


def suggest(services: Mapping[str, Any], name: str, *path: str, rare: bool = True) -> Any:
    """Returns the most common value of a setting, with the new service's name in place of another's, or None.

    With `rare=False`, only if more than half of the services have the setting.
    """
    templates = [_template(value, own) for own, block in services.items() if (value := _value(block, path)) is not None]
    if len(templates) <= (0 if rare else len(services) / 2):
        return None
    [(template, _)] = Counter(templates).most_common(1)
    for placeholder, form in _forms(name).items():
        template = template.replace(placeholder, form)
    return json.loads(template)


def suggest_image(services: Mapping[str, Any], name: str, part: str, *, rare: bool = True) -> str | None:
    """Returns the same for the image of an app or frontend. It is of no build of another service."""
    images = {own: _value(block, (part, "image")) for own, block in services.items()}
    named = {own: {"image": image and OF_ONE_BUILD.sub("", image)} for own, image in images.items()}
    suggestion: str | None = suggest(named, name, "image", rare=rare)
    return suggestion


def free_port(services: Mapping[str, Any]) -> int:
    """Returns the first port after those of all apps."""
    ports = [port for block in services.values() if isinstance(port := _value(block, ("app", "port")), int)]
    return max([FIRST_PORT - 1, *ports]) + 1


def free_stream_id(services: Mapping[str, Any], name: str) -> str:
    """Returns a stream id that no other service has."""
    taken = {_value(block, ("electric", "stream_id")) or own.replace("-", "_") for own, block in services.items()}
    return next(choice for choice in _numbered(name.replace("-", "_")) if choice not in taken)


def _forms(name: str) -> dict[str, str]:
    """Returns the spellings of a service's name, by their placeholder."""
    snake = name.replace("-", "_")
    return {"{Camel}": "".join(word.capitalize() for word in name.split("-")), "{snake}": snake, "{name}": name}


def _template(value: Any, own: str) -> str:
    """Returns a value as JSON, with placeholders in place of its service's name."""
    camel, snake, name = map(re.escape, _forms(own).values())
    text = re.sub(rf"{camel}(?![a-z])", "{Camel}", json.dumps(value))
    text = re.sub(rf"(?<=_){snake}(?![a-z0-9])|(?<![a-z0-9]){snake}(?=_)", "{snake}", text)
    return re.sub(rf"(?<![a-z0-9]){name}(?![a-z0-9])", "{name}", text)


def _value(block: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        block = block.get(key) if isinstance(block, dict) else None
    return block


def _numbered(word: str) -> Iterator[str]:
    yield word
    number = 2
    while True:
        yield f"{word}_{number}"
        number += 1
