"""What `preview` shows, and that it changes nothing."""

import docker
import pytest

from .sandbox import Sandbox, command

pytestmark = pytest.mark.docker


@pytest.mark.usefixtures("image")
def test_a_first_preview_creates_nothing(sandbox: Sandbox) -> None:
    sandbox.resources = {
        "net": sandbox.network(sandbox.stack),
        "data": sandbox.labelled("volume", name=sandbox.stack),
        "app": sandbox.container(networks_advanced=[{"name": sandbox.stack}], options={"depends_on": ["$net"]}),
        "gate": command("echo ran >> log", environment={"ID": "$app.id"}),
    }
    result = sandbox.run("preview")
    assert result.code == 0
    assert sorted(result.changes["create"]) == ["app", "data", "gate", "net"]
    assert "create 4, update 0, replace 0, delete 0, unchanged 0" in result.shown
    assert sandbox.left() == {}
    assert not (sandbox.folder / ".rehearsal").exists()
    assert sandbox.log() == []


@pytest.mark.usefixtures("image")
def test_a_preview_names_the_changes_and_up_makes_exactly_these(sandbox: Sandbox) -> None:
    sandbox.resources = {
        "service": {"kind": "group"},
        "app": sandbox.container(envs=["A=5"], options={"parent": "$service"}),
        "gate": command("true", environment={"ID": "$app.id"}, options={"parent": "$service"}),
        "same": command(),
        "gone": command(),
    }
    sandbox.up()
    state, running = sandbox.state(), sandbox.running()
    sandbox.resources["app"]["inputs"] |= {"envs": ["A=6"], "read_only": True}
    sandbox.resources["new"] = command()
    del sandbox.resources["gone"]
    preview = sandbox.run("preview")
    assert sandbox.state() == state
    assert sandbox.running() == running
    lines = [line.strip() for line in preview.shown.splitlines()]
    assert "replace docker:Container app envs, readOnly" in lines
    assert "update command:Command gate environment" in lines
    assert "create command:Command new" in lines
    assert "delete command:Command gone" in lines
    assert not [line for line in lines if line.startswith("same")]
    assert sandbox.up().changes == preview.changes


def test_the_output_of_an_unchanged_command_is_known(sandbox: Sandbox) -> None:
    sandbox.resources = {"step": command("echo said"), "after": command(environment={"SAID": "$step.stdout"})}
    sandbox.config = {"exports": {"said": "$step.stdout"}}
    sandbox.up()
    preview = sandbox.run("preview")
    assert preview.changes == {}
    assert preview.document["outputs"] == {"said": "said"}
    sandbox.resources["step"]["inputs"]["stdin"] = "x"
    preview = sandbox.run("preview")
    assert preview.changes == {"update": ["step", "after"]}
    assert preview.document["outputs"] == {"said": "[unknown]"}


@pytest.mark.usefixtures("image")
def test_a_preview_shows_changes_by_hand(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container(), "other": sandbox.container()}
    sandbox.up()
    client = docker.from_env()
    for name in sandbox.running():
        if name.startswith("app"):
            client.containers.get(name).kill()
        else:
            client.containers.get(name).remove(force=True)
    preview = sandbox.run("preview")
    assert preview.changes == {"create": ["other"], "update": ["app"]}
    assert "update docker:Container app stopped" in preview.shown
    assert sandbox.running() == []


def test_a_function_is_called_by_preview_too(sandbox: Sandbox) -> None:
    (sandbox.folder / "file").write_text("read\n")
    sandbox.config = {"reads": {"read": "cat file"}}
    assert sandbox.run("preview").document["outputs"] == {"read": "read"}
    (sandbox.folder / "file").unlink()
    assert sandbox.fails("preview").startswith("command:local:run: exit status 1")


def test_a_machine_without_docker_is_reported(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    assert sandbox.fails("preview").startswith("Docker does not answer: ")


def test_a_stack_on_another_host_is_shown_as_declared(sandbox: Sandbox) -> None:
    sandbox.resources = {
        "pet": {"kind": "pet", "options": {"import_": "x"}},
        "data": sandbox.labelled("volume", driver="x"),
        "step": command("echo ran >> log", stdin="secret:hidden"),
    }
    sandbox.config = {"host": {"kind": "ssh"}, "token": {"secure": "v1:abc"}, "reads": {"read": "echo read >> log"}}
    result = sandbox.run("preview")
    # No resource waits for another, so the SDK may declare them in any order.
    assert {kind: sorted(names) for kind, names in result.changes.items()} == {"create": ["data", "pet", "step"]}
    assert result.document["outputs"] == {"read": ""}
    assert "create random:RandomPet pet" in result.shown
    assert "hidden" not in result.shown
    assert sandbox.log() == []
    for words in ("up", "down", "destroy --yes"):
        assert "its host is not this machine" in sandbox.fails(*words.split())
