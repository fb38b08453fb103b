"""What a stack has recorded can still be run."""

import argparse
import io
import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from host import detach, verbs
from tests.components.declared import COMMAND, Program
from tests.components.service.test_shared_databases import of as shared_program
from tests.places import ROOT

from .recorded import RECORDED

KNOWN = [*verbs.READS, *verbs.CHANGES]


def form(line: str) -> tuple[str, ...]:
    """Returns the verb, the number of its words before its options, and their names."""
    name, *words = shlex.split(line)
    options = sorted(word for word in words if word.startswith("--"))
    alone = next((place for place, word in enumerate(words) if word.startswith("--")), len(words))
    return (name, str(alone), *options)


@pytest.mark.parametrize(("line", "stdin"), RECORDED)
def test_a_recorded_delete_still_runs(line: str, stdin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Mapping[str, Any]] = []

    def run(given: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
        called.append(inputs)

    monkeypatch.setattr(verbs.module(line.split()[0]), "run", run)
    monkeypatch.setattr(detach, "run", lambda _, work: work() or 0)
    assert verbs.run(shlex.split(line), io.StringIO(stdin)) == 0
    assert called == [json.loads(stdin or "{}")]


@pytest.mark.parametrize("name", [*KNOWN, *verbs.RECEIVES, *verbs.SESSIONS])
def test_every_listed_verb_has_its_module(name: str) -> None:
    assert callable(getattr(verbs.module(name), "receive" if name in verbs.RECEIVES else "run"))


def test_a_verb_imports_no_other_verb() -> None:
    asked = "import sys; from host import verbs; verbs.module('nothing'); print(*sys.modules)"
    imported = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {f"host.{name.replace('-', '_')}" for name in KNOWN} & {*imported.stdout.split()} == {"host.nothing"}


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_every_delete_that_the_program_declares_is_recorded_here(stack: str) -> None:
    recorded = {form(line) for line, _ in RECORDED}
    for step in Program.of(stack).all(COMMAND):
        delete = str(step.inputs.get("delete") or "")
        if delete.split(" ")[0] in KNOWN:
            assert form(delete) in recorded, delete


def test_every_delete_of_a_shared_and_of_a_read_database_is_recorded_here() -> None:
    recorded = {form(line) for line, _ in RECORDED}
    for name in (
        *("compliance-database-sql", "compliance-electric-sql", "hub-reads-auth-sql"),
        "compliance-shares-sertantai_legal_local",
    ):
        assert form(str(shared_program().step(name).inputs["delete"])) in recorded, name
