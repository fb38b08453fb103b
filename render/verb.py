"""A step's text: one line that calls a verb of the program on the host."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

LONGEST = 400
"""Characters. A person reads the line in a preview; what is longer goes into `told`."""


def line(verb: str, *words: str, **options: str | int | Sequence[str] | None) -> str:
    """`gate legal/app legal-app-1 --port 4000`: the words, then the options; one that is None is left out."""
    written = [verb, *words]
    for name, value in options.items():
        if value is not None:
            flag = f"--{name.replace('_', '-')}"
            written += [flag, *([str(value)] if isinstance(value, str | int) else value)]
    text = shlex.join(written)
    assert len(text) <= LONGEST, f"{verb}: its line has {len(text)} characters"
    return text


def told(values: Mapping[str, Any]) -> str:
    """What a verb reads on stdin: what is long, and what is secret. The same values give the same text."""
    return json.dumps(values, sort_keys=True)
