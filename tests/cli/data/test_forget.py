"""A state forgets the steps that were done on a lost server, and nothing else."""

import json
from pathlib import Path

import pytest

from cli.data import forget
from cli.data.forget import STEP, without_steps
from cli.engine import state


def test_steps_are_forgotten_and_nothing_depends_on_them() -> None:
    password = {"urn": "password", "type": "random:index/randomPassword:RandomPassword", "outputs": {"result": "x"}}
    step = {"urn": "step", "type": STEP, "dependencies": ["password"]}
    container = {
        "urn": "container",
        "type": "docker:index/container:Container",
        "dependencies": ["step", "password"],
        "propertyDependencies": {"name": ["step"], "image": ["password"], "envs": None},
    }
    kept = {
        **container,
        "dependencies": ["password"],
        "propertyDependencies": {"name": [], "image": ["password"], "envs": []},
    }
    assert without_steps([password, step, container]) == [password, kept]


def test_the_engines_state_is_changed_and_not_that_of_an_earlier_rehearsal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsed = tmp_path / ".rehearsal" / "trial" / "state.json"
    rehearsed.parent.mkdir(parents=True)
    step = {"urn": "step", "type": STEP}
    rehearsed.write_text(json.dumps({"made": [step]}))
    imported: list[str] = []

    def call(_cli: str, _stack: str, *words: str, failed: str, stdin: str = "") -> str:
        if "import" in words:
            imported.append(stdin)
        return json.dumps({"deployment": {"resources": [step]}})

    monkeypatch.setattr(forget, "ROOT", tmp_path)
    monkeypatch.setattr(state, "call", call)
    forget.forget_steps("pulumi", "trial")
    assert imported == [json.dumps({"deployment": {"resources": []}})]
    assert json.loads(rehearsed.read_text()) == {"made": [step]}
    forget.forget_steps(None, "trial")
    assert json.loads(rehearsed.read_text()) == {"made": []}
