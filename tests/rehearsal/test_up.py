"""What `up` does with a first declaration, and with a changed one."""

import docker
import pytest

from .sandbox import Sandbox, command

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("image")]


def test_a_second_up_changes_nothing(sandbox: Sandbox) -> None:
    sandbox.resources = {
        "net": sandbox.network(f"{sandbox.stack}-net"),
        "data": sandbox.labelled("volume", name=f"{sandbox.stack}-data"),
        "login": {"kind": "password", "inputs": {"length": 20}},
        "group": {"kind": "group"},
        "app": sandbox.container(envs=["$login.result"], options={"parent": "$group"}),
        "gate": command("echo $ID >> log", environment={"ID": "$app.id"}),
    }
    assert sorted(sandbox.up().changes["create"]) == ["app", "data", "gate", "login", "net"]
    running, state = sandbox.running(), sandbox.state()
    written = sandbox.state_file.stat().st_mtime_ns
    result = sandbox.up()
    assert result.changes == {}
    assert sandbox.state_file.stat().st_mtime_ns == written
    assert result.document["changes"]["same"] == 5
    assert sandbox.running() == running
    assert sandbox.state() == state
    assert len(sandbox.log()) == 1


def test_a_changed_container_is_created_before_the_old_one_is_removed(sandbox: Sandbox) -> None:
    both = "docker ps --format {{.Names}} --filter label=sertantai.stack=$STACK | sort >> log"
    sandbox.resources = {
        "app": sandbox.container(envs=["A=5"]),
        "gate": command(both, environment={"ID": "$app.id", "STACK": sandbox.stack}),
    }
    sandbox.up()
    old = sandbox.running()
    sandbox.resources["app"]["inputs"]["envs"] = ["A=6"]
    assert sandbox.up().changes == {"replace": ["app"], "update": ["gate"]}
    new = sandbox.running()
    assert len(new) == 1
    assert new != old
    assert sandbox.log() == [*old, *sorted(old + new)]


def test_a_container_that_is_deleted_before_it_is_replaced_keeps_its_name(sandbox: Sandbox) -> None:
    name = f"{sandbox.stack}-server"
    sandbox.resources = {"server": sandbox.container(name=name, options={"delete_before_replace": True})}
    sandbox.up()
    sandbox.resources["server"]["inputs"]["envs"] = ["A=5"]
    assert sandbox.up().changes == {"replace": ["server"]}
    assert sandbox.running() == [name]
    assert docker.from_env().containers.get(name).attrs["Config"]["Env"][0] == "A=5"


def test_a_named_container_cannot_be_created_before_the_old_one_is_deleted(sandbox: Sandbox) -> None:
    sandbox.resources = {"server": sandbox.container(name=f"{sandbox.stack}-server")}
    sandbox.up()
    sandbox.resources["server"]["inputs"]["envs"] = ["A=5"]
    assert "that does not belong to this resource" in sandbox.fails("up")
    assert sandbox.running() == [f"{sandbox.stack}-server"]


def test_a_replaced_retained_container_keeps_running(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container(envs=["A=5"], options={"retain_on_delete": True})}
    sandbox.up()
    old = sandbox.running()
    sandbox.resources["app"]["inputs"]["envs"] = ["A=6"]
    sandbox.up()
    assert len(sandbox.running()) == 2
    assert set(old) < set(sandbox.running())


def test_a_removed_retained_container_keeps_running(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container(options={"retain_on_delete": True})}
    sandbox.up()
    running = sandbox.running()
    sandbox.resources = {}
    sandbox.up()
    assert sandbox.running() == running
    assert sandbox.state() == {}


def test_a_change_of_memory_replaces_the_container_like_every_other(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container(memory=32, memory_swap=32)}
    sandbox.up()
    sandbox.resources["app"]["inputs"] |= {"memory": 64, "memory_swap": 64}
    assert sandbox.up().changes == {"replace": ["app"]}


def test_a_container_that_was_stopped_is_started(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container()}
    sandbox.up()
    running = sandbox.running()
    docker.from_env().containers.get(running[0]).kill()
    assert sandbox.up().changes == {"update": ["app"]}
    assert sandbox.running() == running


def test_a_container_that_was_removed_by_hand_is_created_again(sandbox: Sandbox) -> None:
    sandbox.resources = {
        "data": sandbox.labelled("volume", name=f"{sandbox.stack}-data"),
        "app": sandbox.container(),
    }
    sandbox.up()
    client = docker.from_env()
    client.containers.get(sandbox.running()[0]).remove(force=True)
    client.volumes.get(f"{sandbox.stack}-data").remove()
    assert sorted(sandbox.up().changes["create"]) == ["app", "data"]
    assert len(sandbox.running()) == 1
    assert sandbox.up().changes == {}


def test_the_programs_exports_are_in_the_state(sandbox: Sandbox) -> None:
    sandbox.resources = {
        "step": command("echo done; echo; echo"),
        "login": {"kind": "password", "inputs": {"length": 9}},
    }
    sandbox.config = {"exports": {"said": "$step.stdout", "nested": {"list": [1, 2.5]}, "login": "$login.result"}}
    outputs = sandbox.up().document["outputs"]
    assert outputs == {"said": "done\n\n", "nested": {"list": [1, 2.5]}, "login": "[secret]"}
