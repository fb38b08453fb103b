"""The rehearsal's events, as the command shows them."""

import json

import pytest

from cli.show.run import Run
from cli.show.views import PlainView
from local import machine, setup
from rehearsal.__main__ import main

from .sandbox import Sandbox, command

pytestmark = pytest.mark.docker


def shown(sandbox: Sandbox, *words: str) -> list[str]:
    """Returns what an operator sees of a run."""
    sandbox.write()
    sandbox.capture.readouterr()
    code = main([*words, "--stack", sandbox.stack, "--events"])
    preview = words[0] == "preview"
    run = Run(PlainView(preview), preview)
    for line in sandbox.capture.readouterr().out.splitlines():
        run.read(json.loads(line))
    run.finish(code)
    return sandbox.capture.readouterr().out.splitlines()


def test_a_step_has_its_line_and_a_preview_shows_why_it_runs_again(sandbox: Sandbox) -> None:
    sandbox.resources = {"nginx-base": command("echo base; echo done"), "nginx-ready": command("true --timeout 60")}
    made = shown(sandbox, "up")
    assert [line for line in made if line.startswith("nginx: base ") and line.endswith(" s  done")]
    sandbox.resources["nginx-ready"] = command("true --timeout 90")
    seen = shown(sandbox, "preview")
    assert "  nginx: ready  runs again: --timeout 60 -> 90" in seen
    assert seen[-1].startswith("1 to change, 1 unchanged; ")
    del sandbox.resources["nginx-ready"]
    assert "  nginx: ready  removed" in shown(sandbox, "preview")


def test_the_one_error_is_the_steps_output_and_the_steps_not_reached_are_named(sandbox: Sandbox) -> None:
    after = command("true", options={"depends_on": ["$nginx-base"]})
    sandbox.resources = {"nginx-base": command(), "nginx-ready": after}
    assert shown(sandbox, "up")[-1].startswith("2 changed, 0 unchanged; ")
    sandbox.resources["nginx-base"] = command("echo 'nginx: refuses it' >&2; echo '  line 3' >&2; exit 1")
    failed = shown(sandbox, "up")
    assert failed[failed.index("error: nginx: refuses it") :][:3] == [
        "error: nginx: refuses it",
        "  line 3",
        "not reached: nginx: ready",
    ]


def test_a_failure_before_any_step_is_the_error(sandbox: Sandbox) -> None:
    assert shown(sandbox, "destroy")[0] == "error: this deletes all data: confirm it with --yes"


def test_the_set_up_shows_its_actions_at_once(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "set_up", lambda stack: machine.say("Installing Docker"))
    assert shown(sandbox, "up")[0] == "Installing Docker"


def test_no_secret_is_in_the_events(sandbox: Sandbox) -> None:
    step = command("cat", stdin="secret:hidden-word")
    sandbox.resources, sandbox.config = {"nginx-base": step}, {"exports": {"key": "$nginx-base.stdout"}}
    sandbox.write()
    sandbox.capture.readouterr()
    assert main(["up", "--stack", sandbox.stack, "--events"]) == 0
    assert "hidden-word" not in sandbox.capture.readouterr().out
