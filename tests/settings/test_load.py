"""Reading the current stack, as the program does."""

import contextvars
import json
import runpy
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import configure, mocks, set_all_config

import settings

from .stack import FULL, REMOVED, SECRETS, SMALL, changed

ROOT = Path(__file__).parents[2]


class Declared(Exception):
    """A program has declared a resource."""


def config(stack: dict[str, Any]) -> dict[str, str]:
    """Returns the stack as Pulumi passes it: blocks as JSON, and other packages' settings too."""
    own = {f"sertantai:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in stack.items()}
    return {"hcloud:token": "not-a-secret".ljust(64, "-"), **own}


def on_stack(values: dict[str, str], secrets: Collection[str], act: Callable[[], Any], name: str = "trial") -> Any:
    """Returns the result of `act` on the stack `name` with this configuration, without a lasting effect."""

    def run() -> Any:
        configure(mocks.MockSettings(project="sertantai", stack=name))  # type: ignore[no-untyped-call]
        set_all_config(values, ["hcloud:token", *(f"sertantai:{key}" for key in secrets)])
        return act()

    return contextvars.copy_context().run(run)


def load(stack: dict[str, Any], secrets: Collection[str] = ()) -> settings.Settings:
    read = on_stack(config(stack), secrets, settings.load)
    assert isinstance(read, settings.Settings)
    return read


def refusal(stack: dict[str, Any], secrets: Collection[str] = ()) -> list[str]:
    with pytest.raises(pulumi.RunError) as caught:
        load(stack, secrets)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return str(caught.value).splitlines()


def test_loading_a_stack_parses_its_file() -> None:
    assert load(FULL, SECRETS) == settings.parse(FULL, SECRETS)


@pytest.mark.parametrize(("token", "words"), [("", "is missing"), ("a" * 63, "has 63 characters and a token has 64")])
def test_an_impossible_token_is_reported_before_any_request(
    token: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HCLOUD_TOKEN", raising=False)
    values = config(FULL | {"acme": {}}) | {"hcloud:token": token}
    with pytest.raises(pulumi.RunError) as caught:
        on_stack(values, SECRETS, settings.load)
    lines = str(caught.value).splitlines()
    assert lines[1].startswith("  acme/email: is missing")
    assert lines[-1].startswith(f"  hcloud:token: {words}")
    assert "a" * 63 not in lines[-1]


def test_a_token_in_plain_text_is_refused() -> None:
    def plain() -> Any:
        set_all_config(config(FULL), [f"sertantai:{key}" for key in SECRETS])
        return settings.load()

    with pytest.raises(pulumi.RunError, match="hcloud:token: is a secret in plain text"):
        on_stack(config(FULL), SECRETS, plain)


def test_the_settings_contain_no_secret() -> None:
    assert "not-a-secret" not in load(FULL, SECRETS).model_dump_json()


def test_one_mistake_has_a_title() -> None:
    assert refusal(changed(SMALL, {"acme": REMOVED})) == ["Pulumi.trial.yaml has 1 mistake:", "  acme: is missing"]


def test_each_mistake_is_a_line_under_the_title() -> None:
    lines = refusal(changed(SMALL, {"acme": REMOVED, "services/legal/app/port": 80, "services/auth/domain": "x y"}))
    assert lines[0] == "Pulumi.trial.yaml has 3 mistakes:"
    assert [line.split(": ")[0] for line in lines[1:]] == [
        "  acme",
        "  services/legal/app/port",
        "  services/auth/domain",
    ]


@pytest.mark.parametrize("name", ["prod-a", "prod.a", "-"])
def test_a_stack_whose_name_and_services_could_be_another_stacks_is_refused(name: str) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        on_stack(config(SMALL), (), settings.load, name)
    assert str(caught.value).splitlines() == [
        f"Pulumi.{name}.yaml has 1 mistake:",
        "  stack: must be named by letters, digits and _ alone, such as prod_eu",
    ]


@pytest.mark.parametrize("name", ["prod", "prod_eu", "e2e1", "T"])
def test_other_stacks_may_have_any_name(name: str) -> None:
    assert on_stack(config(SMALL), (), settings.load, name) == settings.parse(SMALL)


def test_a_block_of_plain_text_is_a_mistake_without_a_traceback() -> None:
    assert refusal({**SMALL, "host": "local"})[1:] == ["  host: must be a block of settings"]


def test_an_unencrypted_secret_is_reported() -> None:
    (line,) = refusal(FULL, [name for name in SECRETS if name != "legal_STRIPE_KEY"])[1:]
    assert line.startswith("  legal_STRIPE_KEY: is a secret in plain text")
    assert "not-a-secret" not in line


def test_the_engines_own_form_of_settings_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(config(SMALL)))
    assert on_stack({}, (), settings.load) == settings.parse(SMALL)


def run_program(stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs the program until it declares its first resource."""

    def declare(*_: Any, **__: Any) -> None:
        raise Declared

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(pulumi.Resource, "__init__", declare)
    on_stack(config(stack), (), lambda: runpy.run_path(str(ROOT / "__main__.py")))


def test_nothing_is_declared_if_there_are_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError, match=r"has 1 mistake:\n  services/auth/app/calls/0: is the service itself"):
        run_program(changed(SMALL, {"services/auth/app/calls": ["auth"]}), monkeypatch)


def test_a_valid_stack_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Declared):
        run_program(SMALL, monkeypatch)
