"""Reading the stack at hand, as the program does."""

import contextvars
import json
import runpy
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, set_all_config, set_mocks

import settings

from .stack import FULL, OUT, SECRETS, SMALL, changed

ROOT = Path(__file__).parents[2]


class Recorder(mocks.Mocks):
    """Remembers what a program declares."""

    def __init__(self) -> None:
        self.declared: list[str] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[Any, Any]]:
        self.declared.append(args.name)
        return args.name, dict(args.inputs)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        return dict(args.args), None


def config(stack: dict[str, Any]) -> dict[str, str]:
    """The stack as Pulumi hands it over: blocks as JSON, and other packages' settings beside it."""
    own = {f"sertantai:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in stack.items()}
    return {"hcloud:token": "not-a-secret", **own}


def load(stack: dict[str, Any], secrets: Collection[str] = ()) -> settings.Settings:
    def run() -> settings.Settings:
        set_mocks(Recorder(), "sertantai", "trial")
        set_all_config(config(stack), [f"sertantai:{key}" for key in secrets])
        return settings.load()

    return contextvars.copy_context().run(run)


def refusal(stack: dict[str, Any], secrets: Collection[str] = ()) -> list[str]:
    with pytest.raises(pulumi.RunError) as caught:
        load(stack, secrets)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return str(caught.value).splitlines()


def test_what_is_loaded_is_what_is_parsed() -> None:
    assert load(FULL, SECRETS) == settings.parse(FULL, SECRETS)


def test_the_settings_hold_no_secret() -> None:
    assert "not-a-secret" not in load(FULL, SECRETS).model_dump_json()


def test_one_mistake_is_told_under_a_title() -> None:
    assert refusal(changed(SMALL, {"acme": OUT})) == ["Pulumi.trial.yaml has 1 mistake:", "  acme: is missing"]


def test_each_mistake_is_a_line_under_the_title() -> None:
    lines = refusal(changed(SMALL, {"acme": OUT, "services/legal/app/port": 80, "services/auth/domain": "x y"}))
    assert lines[0] == "Pulumi.trial.yaml has 3 mistakes:"
    assert [line.split(": ")[0] for line in lines[1:]] == [
        "  acme",
        "  services/legal/app/port",
        "  services/auth/domain",
    ]


def test_a_block_that_is_plain_text_is_told_and_not_a_traceback() -> None:
    assert refusal({**SMALL, "host": "local"})[1:] == ["  host: must be a block of settings"]


def test_a_secret_that_is_not_encrypted_is_told() -> None:
    (line,) = refusal(FULL, ["registry_token"])[1:]
    assert line.startswith("  legal_STRIPE_KEY: is a secret in plain text")
    assert "not-a-secret" not in line


def test_the_engines_own_way_of_handing_over_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(config(SMALL)))

    def run() -> settings.Settings:
        set_mocks(Recorder(), "sertantai", "trial")
        set_all_config({})
        return settings.load()

    assert contextvars.copy_context().run(run) == settings.parse(SMALL)


def test_nothing_is_declared_before_all_mistakes_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.chdir(ROOT)

    def run() -> None:
        set_mocks(recorder, "sertantai", "trial")
        set_all_config(config(changed(SMALL, {"services/auth/app/calls": ["auth"]})))
        with pytest.raises(
            pulumi.RunError, match=r"has 1 mistake:\n  services/auth/app/calls/0: is the service itself"
        ):
            runpy.run_path(str(ROOT / "__main__.py"))

    contextvars.copy_context().run(run)
    assert recorder.declared == []
