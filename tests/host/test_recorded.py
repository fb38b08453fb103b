"""What a stack has recorded can still be run."""

import argparse
import io
import json
import shlex
from collections.abc import Mapping
from typing import Any

import pytest

from host import detach, verbs
from tests.program.declared import COMMAND, Program

from .recorded import RECORDED

KNOWN = {**verbs.ASKS, **verbs.CHANGES}


def form(line: str) -> tuple[str, ...]:
    """The verb, how many words it has before its options, and their names."""
    name, *words = shlex.split(line)
    options = sorted(word for word in words if word.startswith("--"))
    alone = next((place for place, word in enumerate(words) if word.startswith("--")), len(words))
    return (name, str(alone), *options)


@pytest.mark.parametrize(("line", "stdin"), RECORDED)
def test_a_recorded_delete_still_runs(line: str, stdin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Mapping[str, Any]] = []

    def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
        called.append(told)

    monkeypatch.setattr(KNOWN[line.split()[0]], "run", run)
    monkeypatch.setattr(detach, "run", lambda work: work() or 0)
    assert verbs.run(shlex.split(line), io.StringIO(stdin)) == 0
    assert called == [json.loads(stdin or "{}")]


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_every_delete_that_the_program_declares_is_recorded_here(stack: str) -> None:
    recorded = {form(line) for line, _ in RECORDED}
    for step in Program.of(stack).all(COMMAND):
        delete = str(step.inputs.get("delete") or "")
        if delete.split(" ")[0] in KNOWN:
            assert form(delete) in recorded, delete
