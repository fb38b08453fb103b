"""How the events of a run are read: their order, and failed runs."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.show.changes import SECRET, UNKNOWN
from cli.show.run import Run
from cli.show.views import JsonView, PlainView


def diagnosed(message: str, kind: str = "", name: str = "") -> dict[str, Any]:
    """Returns the event of an error, with or without a resource."""
    urn = f"urn:pulumi:prod::sertantai::{kind}::{name}" if kind else ""
    return {"diagnosticEvent": {"urn": urn, "severity": "error", "message": f"{message}\n"}}


def test_errors_are_reported_in_the_order_of_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = Run(PlainView())
    run.read(diagnosed("missing property 'image'", "docker:index/container:Container", "nginx-server"))
    run.read(diagnosed("services/legal/app/image: ghcr.io does not answer", "sertantai:service:Service", "legal"))
    run.read(diagnosed("the state could not be written"))
    run.finish(1)
    assert capsys.readouterr().out.splitlines()[:3] == [
        "error: nginx: missing property 'image'",
        "also failed: services/legal/app/image: ghcr.io does not answer",
        "also failed: the state could not be written",
    ]


def begun(name: str, operation: str = "create", **metadata: Any) -> dict[str, Any]:
    """Returns the event of a step that begins."""
    urn = f"urn:pulumi:prod::sertantai::command:local:Command::{name}"
    return {"resourcePreEvent": {"metadata": {"op": operation, "urn": urn, "type": "command:local:Command"} | metadata}}


def ended(name: str) -> dict[str, Any]:
    return {"resOutputsEvent": begun(name)["resourcePreEvent"]}


def test_after_a_killed_runner_no_step_seems_done(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(PlainView())
    for event in (begun("nginx-base"), ended("nginx-base"), begun("nginx-ready")):
        run.read(event)
    run.finish(-9)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:-1] == [
        f"nginx: ready  {run.failed[0].seconds:.1f} s  failed",
        "error: the run was ended by SIGKILL; run up again",
        "also failed: nginx: ready: was interrupted; run up again",
    ]
    assert lines[-1].startswith("1 changed, 1 failed, 0 unchanged; ")


@pytest.mark.parametrize(
    ("stdin", "why"),
    [
        (lambda value: json.dumps({"fingerprint": value}), "changed by hand"),
        (lambda _: {SECRET: "1b47061264138c4ac30d75fd1eb44270"}, "changed by hand, its inputs"),
    ],
)
def test_a_change_by_hand_is_drift_even_if_only_a_step_sees_it_and_its_inputs_are_secret(
    capsys: pytest.CaptureFixture[str], stdin: Callable[[str], Any], why: str
) -> None:
    old, new = (
        {"inputs": {"stdin": stdin(value), "environment": {"FINGERPRINT": value}}} for value in ("none", "drift-1")
    )
    run = Run(PlainView(preview=True), preview=True)
    run.read(begun("legal-site-switch", "update", old=old, new=new, diffs=["stdin", "environment"]))
    run.finish(0)
    assert capsys.readouterr().out.splitlines()[:4] == [
        "drift: changed on the host since the last up",
        "  legal: site switch  changed by hand",
        "changes",
        f"  legal: site switch  runs again: {why}",
    ]


def test_an_output_of_several_lines_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(PlainView())
    outputs = {"certificates": {"legal.test": "issuer=CN=R3\nnotAfter=Nov 29 2026 GMT\n"}}
    urn = "urn:pulumi:prod::sertantai::pulumi:pulumi:Stack::sertantai-prod"
    run.read({"resOutputsEvent": {"metadata": {"op": "create", "urn": urn, "new": {"outputs": outputs}}}})
    run.finish(0)
    assert (
        capsys.readouterr().out.splitlines()[0] == "  certificates legal.test  issuer=CN=R3, notAfter=Nov 29 2026 GMT"
    )


def test_secret_and_unknown_outputs_are_shown_as_marks() -> None:
    run = Run(JsonView(preview=True), preview=True)
    outputs = {"key": {SECRET: "1b47", "ciphertext": "[secret]"}, "urls": {"legal": f"https://{UNKNOWN}:8443"}}
    urn = "urn:pulumi:prod::sertantai::pulumi:pulumi:Stack::sertantai-prod"
    run.read({"resOutputsEvent": {"metadata": {"op": "create", "urn": urn, "new": {"outputs": outputs}}}})
    assert run.outputs == {"key": "[secret]", "urls": {"legal": "https://[unknown]:8443"}}


def test_each_line_of_a_step_is_an_object_except_empty_lines(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(JsonView())
    run.read(begun("nginx-base"))
    urn = begun("nginx-base")["resourcePreEvent"]["metadata"]["urn"]
    for message in ("", "one\ntwo\n"):
        run.read({"diagnosticEvent": {"urn": urn, "severity": "info", "message": message}})
    run.read({"stdoutEvent": {"message": ""}})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["text"] for line in lines if line["event"] == "line"] == ["one", "two"]


def test_the_runners_other_output_is_the_error_if_there_is_no_other_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Run(PlainView()).finish(6, "error: no stack named 'nosuch' found\n")
    assert capsys.readouterr().out.startswith("error: no stack named 'nosuch' found\n")


@pytest.mark.parametrize(
    ("kind", "retained", "action"),
    [
        ("docker:index/volume:Volume", True, "kept on the host"),
        ("docker:index/volume:Volume", False, "removed"),
        # The step `clean-up` removes it.
        ("docker:index/container:Container", True, "removed"),
    ],
)
def test_the_volume_of_an_app_that_is_no_longer_declared_is_kept(kind: str, retained: bool, action: str) -> None:
    run = Run(PlainView())
    urn = f"urn:pulumi:prod::sertantai::{kind}::legal-volume-files"
    run.read(begun("", "delete", urn=urn, type=kind, old={"retainOnDelete": retained}))
    assert [step.action for step in run.steps] == [action]
