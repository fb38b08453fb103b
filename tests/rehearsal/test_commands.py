"""When commands run, their inputs and their output; and the other types that need no Docker."""

import pytest

from cli.engine import engine, runner

from .sandbox import ROOT, Sandbox, command

pytestmark = pytest.mark.docker


@pytest.mark.parametrize(("name", "value"), [("stdin", "x"), ("environment", {"A": "1"}), ("delete", "true")])
def test_a_change_runs_create_again(sandbox: Sandbox, name: str, value: object) -> None:
    sandbox.resources = {"step": command("echo create >> log")}
    sandbox.up()
    sandbox.resources["step"]["inputs"][name] = value
    assert sandbox.up().changes == {"update": ["step"]}
    assert sandbox.log() == ["create", "create"]


def test_a_removed_command_runs_delete_and_shows_its_output(sandbox: Sandbox) -> None:
    sandbox.resources = {"step": command(delete="echo goodbye")}
    sandbox.up()
    sandbox.resources = {}
    result = sandbox.up()
    assert result.changes == {"delete": ["step"]}
    assert "goodbye" in result.shown


def test_removed_commands_run_delete_in_reverse_order(sandbox: Sandbox) -> None:
    sandbox.resources = {
        "a": command(delete="echo a >> log"),
        "b": command(delete="echo b >> log", options={"depends_on": ["$a"]}),
        "group": {"kind": "group", "options": {"depends_on": ["$b"]}},
        "c": command(delete="echo c >> log", environment={"B": "$b.stdout"}),
        "d": command(delete="echo d >> log", options={"depends_on": ["$c"]}),
    }
    sandbox.up()
    sandbox.resources = {}
    sandbox.up()
    assert sandbox.log() == ["d", "c", "b", "a"]


def test_resources_are_deleted_in_the_order_of_their_latest_dependencies(sandbox: Sandbox) -> None:
    first, second = command(delete="echo first >> log"), command(delete="echo second >> log")
    sandbox.resources = {"first": first, "second": {**second, "options": {"depends_on": ["$first"]}}}
    sandbox.up()
    sandbox.resources = {"second": second, "first": {**first, "options": {"depends_on": ["$second"]}}}
    sandbox.up()
    sandbox.resources = {}
    sandbox.up()
    assert sandbox.log() == ["first", "second"]


def test_a_command_gets_stdin_environment_and_interpreter(sandbox: Sandbox) -> None:
    script = "import os, sys; print(sys.stdin.read(), os.environ['A'])"
    more = {"environment": {"A": "b"}, "interpreter": ["python3", "-c"]}
    sandbox.resources = {"step": command(script, stdin="read", **more)}
    sandbox.config = {"exports": {"said": "$step.stdout"}}
    assert sandbox.up().document["outputs"] == {"said": "read b"}


def test_a_command_without_stdin_reads_nothing(sandbox: Sandbox) -> None:
    sandbox.resources = {"step": command("cat")}
    sandbox.config = {"exports": {"said": "$step.stdout"}}
    assert sandbox.up().document["outputs"] == {"said": ""}


def test_a_value_computed_from_a_secret_is_secret(sandbox: Sandbox) -> None:
    sandbox.resources = {
        "open": command("echo open"),
        "stdin": command("cat", stdin="secret:hidden-1"),
        "stated": command("echo hidden-2", options={"additional_secret_outputs": ["stdout"]}),
        "after": command("cat", stdin="$stated.stdout"),
    }
    names = ["open", "stdin", "stated", "after"]
    sandbox.config = {"exports": {name: f"${name}.stdout" for name in names}}
    for _ in range(2):
        result = sandbox.up()
        assert result.document["outputs"] == {"open": "open"} | dict.fromkeys(names[1:], "[secret]")
        assert "hidden" not in result.shown


def test_a_password_stays_until_its_length_changes(sandbox: Sandbox) -> None:
    sandbox.resources = {"login": {"kind": "password", "inputs": {"length": 30, "special": False}}}
    sandbox.config = {"exports": {"login": "$login.result"}}
    assert sandbox.up().document["outputs"] == {"login": "[secret]"}
    first = sandbox.state()["login"]["outputs"]
    sandbox.up()
    assert sandbox.state()["login"]["outputs"] == first
    sandbox.resources["login"]["inputs"]["length"] = 31
    assert sandbox.up().changes == {"replace": ["login"]}
    [second] = sandbox.state()["login"]["outputs"]["result"].values()
    assert len(second) == 31
    assert second.isalnum()


def test_only_its_owner_can_read_the_state(sandbox: Sandbox) -> None:
    sandbox.resources = {"login": {"kind": "password", "inputs": {"length": 30}}}
    sandbox.up()
    assert oct(sandbox.state_file.stat().st_mode)[-3:] == "600"


def test_without_the_engine_a_release_of_one_service_is_an_up(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "find_or_install", lambda: None)
    monkeypatch.setattr(engine, "ROOT", sandbox.folder)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    sandbox.resources = {"step": command("echo create >> log")}
    sandbox.write()
    assert runner.Command("deploy", sandbox.stack).run("up", "--target", "one") == 0
    assert sandbox.log() == ["create"]
