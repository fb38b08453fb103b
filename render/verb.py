"""The text of a step: one line that calls a verb of the program on the host, and its stdin."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

MAX_LENGTH = 400
"""Characters. A preview shows the line to a person; longer values go into `stdin`."""


def line(verb: str, *words: str, **options: str | int | Sequence[str] | None) -> str:
    """Returns a line such as `gate legal/app legal-app-1 --port 4000`. Options that are None are omitted."""
    arguments = [verb, *words]
    for name, value in options.items():
        if value is not None:
            flag = f"--{name.replace('_', '-')}"
            arguments += [flag, *([str(value)] if isinstance(value, str | int) else value)]
    text = shlex.join(arguments)
    assert len(text) <= MAX_LENGTH, f"{verb}: its line has {len(text)} characters"
    return text


def stdin(values: Mapping[str, Any]) -> str:
    """Returns the JSON that a verb reads on stdin: long and secret values. Equal values give equal text."""
    return json.dumps(values, sort_keys=True)
