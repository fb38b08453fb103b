"""How a stack is removed."""

import json

import pytest

from .sandbox import Sandbox, command

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("image")]


def platform(sandbox: Sandbox) -> None:
    """A network, a protected volume, a server that uses both with a step after it, and a separate service."""
    name = sandbox.stack
    sandbox.resources = {
        "group": {"kind": "group"},
        "net": sandbox.network(name),
        "disk": command(),
        "mounted": command("echo mount >> log", delete="echo unmount >> log", options={"depends_on": ["$disk"]}),
        "data": sandbox.labelled("volume", name=name, options={"protect": True, "depends_on": ["$mounted"]}),
        "server": sandbox.container(
            name=name,
            networks_advanced=[{"name": name}],
            volumes=[{"volume_name": "$data.name", "container_path": "/data"}],
            options={"parent": "$group", "depends_on": ["$net"]},
        ),
        "site": command("true", delete="echo site >> log", options={"depends_on": ["$server"]}),
    }
    sandbox.up()


def test_down_keeps_protected_resources_and_their_dependencies(sandbox: Sandbox) -> None:
    platform(sandbox)
    result = sandbox.run("down")
    assert result.code == 0
    assert result.changes["delete"][:2] == ["site", "server"]
    assert sandbox.log() == ["mount", "site"]
    assert sorted(sandbox.state()) == ["data", "disk", "mounted"]
    assert sandbox.running() == []
    assert sandbox.left() == {"volumes": 1}
    assert sandbox.run("down").changes == {}
    assert sorted(sandbox.up().changes["create"]) == ["net", "server", "site"]


def test_down_needs_no_program(sandbox: Sandbox) -> None:
    platform(sandbox)
    (sandbox.folder / "__main__.py").unlink()
    assert sandbox.run("down").code == 0
    assert sandbox.running() == []


def test_destroy_leaves_nothing(sandbox: Sandbox) -> None:
    platform(sandbox)
    (sandbox.folder / "__main__.py").unlink()
    assert sandbox.run("destroy", "--yes").code == 0
    assert sandbox.log() == ["mount", "site", "unmount"]
    assert not (sandbox.folder / ".rehearsal" / sandbox.stack).exists()
    assert sandbox.left() == {}


def test_destroy_finds_resources_that_the_state_has_lost(sandbox: Sandbox) -> None:
    platform(sandbox)
    sandbox.state_file.unlink()
    assert sandbox.run("destroy", "--yes").code == 0
    assert sandbox.left() == {}


def test_without_json_the_outputs_and_a_summary_are_shown(sandbox: Sandbox) -> None:
    sandbox.resources = {"step": command("echo said"), "other": command()}
    sandbox.config = {"exports": {"said": "$step.stdout"}}
    run = sandbox.start("up")
    shown = run.communicate()[0]
    assert run.returncode == 0
    assert "command:Command step created\n" in shown
    assert '"said": "said"' in shown
    assert "create 2, update 0, replace 0, delete 0, unchanged 0" in shown
    with pytest.raises(json.JSONDecodeError):
        json.loads(shown.splitlines()[-1])
