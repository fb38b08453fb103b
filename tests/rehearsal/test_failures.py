"""The state after a failure, and how the next run continues."""

import re
import signal

import docker
import pytest

from tests.waiting import eventually

from .sandbox import IMAGE, Sandbox, command

pytestmark = pytest.mark.docker
STILL_BUSY = r"already (exists|in use|in progress)|No such container|marked for removal"


def until(sandbox: Sandbox, word: str) -> None:
    """Waits until a command has written a word to the log."""
    eventually(lambda: word in sandbox.log())


def test_resources_created_before_a_failure_stay_and_the_next_run_continues(sandbox: Sandbox) -> None:
    sandbox.resources = {
        "first": command("echo first >> log"),
        "second": command("exit 3", options={"depends_on": ["$first"]}),
        "third": command("echo third >> log", options={"depends_on": ["$second"]}),
    }
    assert sandbox.fails("up") == "command:Command second: exit status 3"
    assert list(sandbox.state()) == ["first"]
    sandbox.resources["second"]["inputs"]["create"] = "echo second >> log"
    assert sandbox.up().changes == {"create": ["second", "third"]}
    assert sandbox.log() == ["first", "second", "third"]


def test_an_error_has_the_end_of_the_output_and_nothing_of_stdin(sandbox: Sandbox) -> None:
    sandbox.resources = {"step": command("seq 30 >&2; echo out; cat >/dev/null; exit 1", stdin="secret:hidden")}
    result = sandbox.run("up")
    lines = result.error.splitlines()
    assert lines[0] == "command:Command step: exit status 1"
    assert [line.strip() for line in lines[1:]] == [str(number) for number in range(11, 31)]
    assert "hidden" not in result.shown
    assert "Traceback" not in result.shown


def test_without_stderr_an_error_has_the_stdout(sandbox: Sandbox) -> None:
    sandbox.resources = {"step": command("echo why; exit 1")}
    assert sandbox.fails("up").split() == ["command:Command", "step:", "exit", "status", "1", "why"]


@pytest.mark.usefixtures("image")
def test_nothing_is_deleted_if_a_step_fails(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container(envs=["A=5"]), "gone": command(delete="echo deleted >> log")}
    sandbox.up()
    sandbox.resources = {
        "app": sandbox.container(envs=["A=6"]),
        "gate": command("exit 1", environment={"ID": "$app.id"}),
    }
    sandbox.fails("up")
    assert len(sandbox.running()) == 2
    assert sandbox.log() == []
    sandbox.resources["gate"]["inputs"]["create"] = "true"
    assert sandbox.up().changes == {"create": ["gate"], "delete": ["gone"]}
    assert len(sandbox.running()) == 1
    assert sandbox.log() == ["deleted"]


def test_after_a_failure_running_steps_end_and_no_other_begins(sandbox: Sandbox) -> None:
    sandbox.resources = {
        "broken": command("until grep -qs slow log; do sleep 0.05; done; exit 1"),
        "slow": command("echo slow >> log; sleep 3; echo done >> log"),
        "after": command("echo after >> log", options={"depends_on": ["$slow"]}),
    }
    assert sandbox.fails("up") == "command:Command broken: exit status 1"
    assert sandbox.log() == ["slow", "done"]
    assert "slow" in sandbox.state()
    assert "after" not in sandbox.state()


def test_a_failed_update_is_tried_again(sandbox: Sandbox) -> None:
    sandbox.resources = {"step": command("echo run >> log; test $(wc -l < log) = 1 -o -e good", stdin="1")}
    sandbox.up()
    sandbox.resources["step"]["inputs"]["stdin"] = "2"
    sandbox.fails("up")
    (sandbox.folder / "good").touch()
    assert sandbox.up().changes == {"update": ["step"]}
    assert sandbox.log() == ["run", "run", "run"]


def test_a_failed_delete_is_tried_again(sandbox: Sandbox) -> None:
    sandbox.resources = {"a": command(delete="echo a >> log"), "b": command(delete="test -e good")}
    sandbox.resources["b"]["options"] = {"depends_on": ["$a"]}
    sandbox.up()
    sandbox.resources = {}
    assert sandbox.fails("up") == "command:Command b: exit status 1"
    assert sandbox.log() == []
    (sandbox.folder / "good").touch()
    assert sandbox.up().changes == {"delete": ["b", "a"]}


def test_mistakes_of_the_settings_are_shown_as_they_are(sandbox: Sandbox) -> None:
    sandbox.config = {"mistakes": "services/legal: is missing\nhost: is unknown"}
    result = sandbox.run("up")
    assert (result.code, result.error) == (1, "services/legal: is missing\nhost: is unknown")
    assert "Traceback" not in result.shown


def test_a_mistake_in_the_program_itself_is_shown_with_its_line(sandbox: Sandbox) -> None:
    (sandbox.folder / "__main__.py").write_text("import pulumi\n\npulumi.nothing_like_it()\n")
    run = sandbox.start("up")
    shown = run.communicate()[0]
    assert run.returncode == 1
    assert "AttributeError: module 'pulumi' has no attribute" in shown
    assert '__main__.py", line 3' in shown


@pytest.mark.usefixtures("image")
def test_a_refusal_of_docker_is_shown_in_its_words(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container(command=["no-such-program"])}
    error = sandbox.fails("up")
    assert error.startswith("docker:Container app: ")
    assert "no-such-program" in error


@pytest.mark.usefixtures("image")
def test_a_protected_resource_is_not_replaced(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container(envs=["A=5"], options={"protect": True})}
    sandbox.up()
    sandbox.resources["app"]["inputs"]["envs"] = ["A=6"]
    refusal = "docker:Container app: is protected, and a change of envs would replace it"
    assert sandbox.fails("up") == refusal
    assert sandbox.fails("preview") == refusal
    sandbox.resources["app"]["options"]["protect"] = False
    assert sandbox.up().changes == {"replace": ["app"]}


def test_a_protected_volume_that_is_kept_may_be_replaced_and_stays(sandbox: Sandbox) -> None:
    kept = {"protect": True, "retain_on_delete": True}
    sandbox.resources = {"data": sandbox.labelled("volume", name=f"{sandbox.stack}-old", options=kept)}
    sandbox.up()
    sandbox.resources["data"]["inputs"]["name"] = f"{sandbox.stack}-new"
    assert sandbox.up().changes == {"replace": ["data"]}
    assert sandbox.left() == {"volumes": 2}


def test_a_protected_resource_is_not_removed(sandbox: Sandbox) -> None:
    step = command(delete="echo deleted >> log", options={"protect": True})
    sandbox.resources = {"kept": step, "gone": command(delete="echo deleted >> log")}
    sandbox.up()
    sandbox.resources = {}
    assert sandbox.fails("up") == "command:Command kept: is protected, but no longer declared"
    assert sandbox.fails("preview") == "command:Command kept: is protected, but no longer declared"
    assert sandbox.log() == []


def test_a_second_run_names_the_owner_of_the_lock(sandbox: Sandbox) -> None:
    sandbox.resources = {"slow": command("echo begun >> log; sleep 3")}
    first = sandbox.start("up")
    until(sandbox, "begun")
    error = sandbox.fails("up")
    assert f"pid {first.pid}: " in error
    assert f"up --stack {sandbox.stack}" in error
    assert first.wait(120) == 0
    assert sandbox.up().changes == {}


def test_a_killed_run_keeps_no_lock(sandbox: Sandbox) -> None:
    sandbox.resources = {"first": command("echo first >> log"), "slow": command("echo slow >> log; sleep 10")}
    sandbox.resources["slow"]["options"] = {"depends_on": ["$first"]}
    run = sandbox.start("up")
    until(sandbox, "slow")
    run.send_signal(signal.SIGKILL)
    run.wait()
    sandbox.resources["slow"]["inputs"]["create"] = "true"
    assert sandbox.up().changes == {"create": ["slow"]}
    assert sandbox.up().changes == {}


def test_an_interrupted_run_completes_its_running_steps(sandbox: Sandbox) -> None:
    sandbox.resources = {"slow": command("echo slow >> log; sleep 4; echo done >> log"), "after": command()}
    sandbox.resources["after"]["options"] = {"depends_on": ["$slow"]}
    run = sandbox.start("up")
    until(sandbox, "slow")
    run.send_signal(signal.SIGINT)
    assert run.wait(120) == 1
    assert "interrupted" in (run.stdout.read() if run.stdout else "")
    assert sandbox.log() == ["slow", "done"]
    assert sandbox.up().changes == {"create": ["after"]}


@pytest.mark.usefixtures("image")
@pytest.mark.parametrize("made", [0, 1, 2, 4])
def test_after_a_run_that_was_killed_at_any_moment_the_next_one_succeeds(sandbox: Sandbox, made: int) -> None:
    name = sandbox.stack
    sandbox.resources = {"net": sandbox.network(name), "data": sandbox.labelled("volume", name=name)}
    for number in range(6):
        sandbox.resources[f"server{number}"] = sandbox.container(
            name=f"{name}-{number}", networks_advanced=[{"name": name}], options={"depends_on": ["$net"]}
        )
    api, own = docker.from_env().api, {"label": f"sertantai.stack={name}"}
    run = sandbox.start("up")
    # Not after a time: a busy machine would still start the run, or have ended it.
    eventually(lambda: sandbox.state_file.exists() and len(api.containers(all=True, filters=own)) >= made)
    run.send_signal(signal.SIGKILL)
    run.wait()

    def next_one_succeeds() -> bool:
        """Unless Docker, or a step that outlives the run, still makes what the killed run has asked for last."""
        result = sandbox.run("up")
        if result.code and not re.search(STILL_BUSY, result.error):
            pytest.fail(result.error)
        return result.code == 0

    eventually(next_one_succeeds)
    assert sandbox.running() == [f"{name}-{number}" for number in range(6)]
    assert sandbox.up().changes == {}


@pytest.mark.usefixtures("image")
def test_an_unrecorded_container_is_found_by_its_labels(sandbox: Sandbox) -> None:
    name = sandbox.stack
    sandbox.resources = {
        "net": sandbox.network(name),
        "data": sandbox.labelled("volume", name=name),
        "server": sandbox.container(name=name, networks_advanced=[{"name": name}], options={"depends_on": ["$net"]}),
    }
    sandbox.up()
    sandbox.state_file.unlink()
    sandbox.resources["server"]["inputs"]["envs"] = ["A=5"]
    assert sorted(sandbox.up().changes["create"]) == ["data", "net", "server"]
    assert docker.from_env().containers.get(name).attrs["Config"]["Env"][0] == "A=5"
    assert sandbox.up().changes == {}


@pytest.mark.usefixtures("image")
def test_a_container_of_another_owner_is_not_adopted(sandbox: Sandbox) -> None:
    client, name = docker.from_env(), f"{sandbox.stack}-other"
    labels = {"sertantai.stack": "elsewhere", "sertantai.owner": "rehearsal"}
    other = client.containers.create(IMAGE, name=name, command="true", labels=labels)
    try:
        sandbox.resources = {"new": sandbox.container(name=name)}
        assert sandbox.fails("up").endswith(f"new: a container {name} exists that does not belong to this resource")
    finally:
        other.remove()
