"""What an operator sees of a run: recorded event streams of the real CLI are shown again."""

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from cli.show.run import Run, View
from cli.show.views import JsonView, LiveView, PlainView, wrapped

EVENTS = Path(__file__).parents[1] / "events"


def play(name: str, view: View) -> Run:
    """Shows a recorded stream. One second passes between two events."""
    moments = iter(range(10_000))
    run = Run(view, name.startswith("preview"), clock=lambda: float(next(moments)))
    for line in (EVENTS / f"{name}.jsonl").read_text().splitlines():
        run.read(json.loads(line))
    run.finish(0 if name in ("first_up", "preview", "preview_drift") else 1)
    return run


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> list[str]:
    """Returns the plain lines of a stream."""
    play(request.param, PlainView(request.param.startswith("preview")))
    return capsys.readouterr().out.splitlines()


def of(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("shown", [name], indirect=True)


@of("first_up")
def test_each_step_has_a_line_with_its_time_and_last_output_and_the_other_output_below(shown: list[str]) -> None:
    [number] = [number for number, line in enumerate(shown) if line.startswith("legal: migration ")]
    assert shown[number].endswith(" s  applied 2")
    assert shown[number + 1 : number + 3] == ["  migrate legal 1", "  applied 1"]
    assert len([line for line in shown if line.startswith("legal/app gate ")]) == 1
    assert any(line.startswith("7 changed, 0 unchanged; ") for line in shown)


@of("first_up")
def test_outputs_are_shown_except_secret_ones(shown: list[str]) -> None:
    assert "  urls legal  https://x" in shown
    assert "  key         [secret]" in shown


@of("first_up")
def test_a_warning_of_the_program_is_shown_once_and_plugins_on_path_are_not(shown: list[str]) -> None:
    assert shown.count("warning: legal/electric: a warning of the program's own") == 1
    assert not [line for line in shown if "$PATH" in line]


@of("failed_up")
def test_a_failed_run_shows_the_one_error_and_then_the_steps_not_reached(shown: list[str]) -> None:
    assert shown[shown.index("error: legal/app: died with exit code 1; its last lines:") :] == [
        "error: legal/app: died with exit code 1; its last lines:",
        "  boom",
        "output before:",
        "  gate legal/app correct-bobcat",
        "not reached: legal: site, legal: retire",
        shown[-1],
    ]
    assert shown[-1].startswith("3 changed, 1 failed, 1 unchanged; ")
    assert not [line for line in shown if 'running "' in line]


@of("failed_up")
def test_steps_that_do_not_depend_on_the_failure_are_done(shown: list[str]) -> None:
    assert [line for line in shown if line.startswith("auth: site ") and line.endswith("site auth bad")]


@of("interrupted_up")
def test_an_interrupted_run_names_the_interrupted_steps_and_says_to_run_up_again(shown: list[str]) -> None:
    assert "error: legal: migration: was interrupted; run up again" in shown
    assert "also failed: auth: site: was interrupted; run up again" in shown
    assert "not reached: legal/app container, legal/app gate, legal: site, legal: retire" in shown


@of("mistakes")
def test_mistakes_of_the_stack_file_are_the_only_error(shown: list[str]) -> None:
    error = shown.index("error: Pulumi.prod.yaml has 2 mistakes:")
    assert shown[error + 1 : -1] == [
        "  services/notes/app/prot: is not a known setting; did you mean port?",
        "  services/x: y",
    ]


@of("refused_input")
def test_a_step_whose_inputs_the_engine_refuses_is_named_although_it_never_began(shown: list[str]) -> None:
    [error] = [line for line in shown if line.startswith("error: ")]
    assert error.startswith("error: legal: key: cannot encode resource inputs to call ValidateResourceConfig: ")
    assert "not reached: legal: site" in shown


@of("refused_token")
def test_a_value_that_cannot_be_read_is_reported_with_its_setting(shown: list[str]) -> None:
    assert [line for line in shown if line.startswith("error: hcloud:token: Hetzner does not know it: set a token")]


@of("preview")
def test_a_preview_shows_which_steps_run_and_why(shown: list[str]) -> None:
    assert "  legal: migration     runs again: migrate legal 1; -> migrate legal 2;" in shown
    assert "  legal/app container  new: image 1 -> 2" in shown
    assert "  legal/app gate       runs again" in shown
    assert "drift" not in " ".join(shown)
    assert shown[-1].startswith("6 to change, 1 unchanged; ")


@of("preview_drift")
def test_a_preview_lists_drift_and_changes_separately(shown: list[str]) -> None:
    drift, changes = (next(n for n, line in enumerate(shown) if line.startswith(w)) for w in ("drift", "changes"))
    assert shown[drift + 1 : changes] == ["  host: ipv4  is gone", "  host: data  team legal -> auth"]
    assert shown[changes + 1 : -1] == ["  host: ipv4  new", "  host: data  changed: team auth -> legal"]


@pytest.mark.parametrize("name", [file.stem for file in EVENTS.glob("*.jsonl")])
def test_a_terminal_of_40_columns_shows_each_step_in_one_line(name: str) -> None:
    narrow = io.StringIO()
    console = Console(file=narrow, force_terminal=True, width=40, color_system=None, highlight=False, markup=False)
    run = play(name, LiveView(name.startswith("preview"), console))
    text = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]|\r", "", narrow.getvalue())
    rows = [line[max(line.find("✓"), line.find("✗")) :] for line in text.splitlines() if "✓" in line or "✗" in line]
    assert len(rows) == (0 if run.preview else len(run.steps))
    assert all(len(row) <= 40 for row in rows)
    if run.errors:
        assert f"error: {run.errors[0].splitlines()[0]}" in text


def test_json_is_one_object_a_line_and_the_last_one_has_the_result(
    capsys: pytest.CaptureFixture[str],
) -> None:
    play("failed_up", JsonView())
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"event": "line", "step": "legal: migration", "text": "applied 1"} in objects
    [failure] = [each for each in objects if each["event"] == "fail"]
    assert failure["step"] == "legal/app gate"
    assert failure["error"].startswith("legal/app: died with exit code 1")
    done = objects[-1]
    assert (done["event"], done["code"], done["skipped"]) == ("done", 1, ["legal: site", "legal: retire"])
    assert (done["failed"], done["changed"], done["unchanged"]) == (["legal/app gate"], 3, 1)
    assert done["outputs"]["key"] == "[secret]"


def test_a_preview_in_json_names_changes_and_drift(capsys: pytest.CaptureFixture[str]) -> None:
    play("preview_drift", JsonView(preview=True))
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"event": "drift", "step": "host: ipv4", "changes": ["is gone"]} in objects
    assert {"event": "change", "step": "host: ipv4", "action": "new", "changes": []} in objects
    assert "end" not in {each["event"] for each in objects}


def test_long_lines_are_wrapped_at_words_and_indented_in_a_terminal_alone() -> None:
    terminal, pipe = (Console(file=io.StringIO(), width=20, force_terminal=is_one) for is_one in (True, False))
    assert wrapped(terminal, "ok  Docker    answers in good order", "    ") == [
        "ok  Docker",
        "    answers in good",
        "    order",
    ]
    assert wrapped(pipe, "ok  Docker    answers in good order", "    ") == ["ok  Docker    answers in good order"]
