"""A runner refuses the other runner's platform, and names the command that removes it."""

import docker
import pytest

from local.__main__ import main

from .sandbox import Sandbox, command

pytestmark = pytest.mark.docker


def refusal(sandbox: Sandbox, word: str = "owner") -> str:
    """Returns the output of `python -m local` before the Pulumi CLI runs: empty if the CLI may run."""
    sandbox.write()
    sandbox.capture.readouterr()
    code = main([word, "--stack", sandbox.stack])
    said = sandbox.capture.readouterr().err
    assert (code == 0) == (not said)
    return said


def test_a_stack_of_the_engine_is_refused(sandbox: Sandbox) -> None:
    docker.from_env().volumes.create(f"{sandbox.stack}-x", labels={"sertantai.stack": sandbox.stack})
    sandbox.resources = {"step": command("echo ran >> log")}
    error = sandbox.fails("up")
    assert f"the Pulumi CLI owns the stack {sandbox.stack} on this machine" in error
    assert f"make destroy STACK={sandbox.stack}" in error
    assert sandbox.log() == []
    assert refusal(sandbox) == ""


def test_a_stray_volume_next_to_the_rehearsals_own_does_not_belong_to_the_engine(sandbox: Sandbox) -> None:
    sandbox.resources = {"data": sandbox.labelled("volume", name=sandbox.stack)}
    sandbox.up()
    docker.from_env().volumes.create(f"{sandbox.stack}-x", labels={"sertantai.stack": sandbox.stack})
    assert sandbox.up().changes == {}


def test_the_engine_is_refused_a_stack_of_the_rehearsal_until_that_is_destroyed(sandbox: Sandbox) -> None:
    assert refusal(sandbox) == ""
    sandbox.resources = {"data": sandbox.labelled("volume", name=sandbox.stack, options={"protect": True})}
    sandbox.up()
    for word in ("owner", "setup"):
        error = refusal(sandbox, word)
        assert f"the rehearsal owns the stack {sandbox.stack}" in error
        assert f"python -m rehearsal destroy --yes --stack {sandbox.stack}" in error
        sandbox.run("down")  # its volume stays, and so does its ownership
    sandbox.run("destroy", "--yes")
    assert refusal(sandbox) == ""


def test_destroy_keeps_a_network_that_another_runner_uses(sandbox: Sandbox) -> None:
    sandbox.resources = {"net": sandbox.network(sandbox.stack)}
    sandbox.up()
    sandbox.state_file.unlink()
    engines = docker.from_env().volumes.create(f"{sandbox.stack}-x", labels={"sertantai.stack": sandbox.stack})
    sandbox.run("destroy", "--yes")
    assert sandbox.left() == {"networks": 1, "volumes": 1}
    engines.remove()
    sandbox.run("destroy", "--yes")
    assert sandbox.left() == {}


def test_without_docker_a_stack_has_no_owner(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    assert refusal(sandbox) == ""
    assert refusal(sandbox, "setup").startswith("error: Docker does not answer: ")


def test_a_stack_on_another_machine_is_not_checked_here(sandbox: Sandbox) -> None:
    sandbox.config = {"host": {"kind": "ssh"}}
    assert "host/kind: the stack" in refusal(sandbox, "setup")


def test_a_missing_stack_file_is_named(sandbox: Sandbox) -> None:
    assert main(["setup", "--stack", "nowhere"]) == 1
    assert "Pulumi.nowhere.yaml: cannot be read" in sandbox.capture.readouterr().err
