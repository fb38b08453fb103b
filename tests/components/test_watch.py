"""Alerts as the program declares them."""

import json
from typing import Any

import pytest

from rehearsal import Secret
from tests.components.declared import CONTAINER, Program, plain

ALERTS = {"webhook_url": "https://alerts.example.org/hidden-word", "heartbeat_url": None}
TOKEN = "a token of the registry"


@pytest.fixture(scope="module")
def program() -> Program:
    return Program.of("local", alerts=ALERTS, secrets={"registry_token": TOKEN})


def stdin(program: Program, step: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(plain(program.step(step).inputs["stdin"]))
    return values


def test_without_alerts_there_is_no_watch_container_and_no_step_knows_it() -> None:
    for resource in Program.of("local"):
        assert not resource.name.startswith("watch")
        assert "watch" not in str(resource.inputs.get("create", ""))


def test_alerts_change_nothing_else() -> None:
    def texts(program: Program) -> dict[str, Any]:
        return {each.urn: str(each.inputs) for each in program if not each.name.startswith("watch")}

    assert texts(Program.of("local")) == texts(Program.of("local", alerts=ALERTS))


def test_the_addresses_and_the_token_are_in_the_stdin_of_one_step_alone(program: Program) -> None:
    for secret in ("hidden-word", TOKEN):
        holders = [each.name for each in program if secret in str([*map(plain, each.inputs.values())])]
        assert [name for name in holders if name != "docker"] == ["watch-alerts"]  # the provider logs in too
    assert isinstance(program.step("watch-alerts").inputs["stdin"], Secret)
    assert stdin(program, "watch-alerts")["content"]["registry"]["token"] == TOKEN


def test_the_container_reads_the_hosts_files_and_writes_its_own_state_alone(program: Program) -> None:
    inputs = program.named(CONTAINER, "watch-server").inputs
    mounts = {each["containerPath"]: each.get("readOnly", False) for each in inputs["volumes"]}
    assert mounts == {"/host": True, "/state": False}
    assert inputs["networkMode"] == "host"
    assert not inputs["ports"]
    assert inputs["capabilities"] == {"drops": ["ALL"], "adds": ["CAP_DAC_READ_SEARCH", "CAP_SYS_CHROOT"]}
    assert "hidden-word" not in str(inputs)


def test_what_is_declared_is_expected_once_all_releases_have_ended(program: Program) -> None:
    after = program.after(program.step("watch-declared"))
    for service in program.services:
        assert program.step(f"{service}-retire").urn in after
    assert program.named(CONTAINER, "watch-server").urn not in after
    assert {*stdin(program, "watch-declared")["content"]["services"]} == {*program.services}


def test_with_backups_they_are_expected_once_they_run() -> None:
    program = Program.of("local", alerts=ALERTS, backup={"repository": {"kind": "local"}})
    after = program.after(program.step("watch-declared"))
    assert {program.named(CONTAINER, name).urn for name in ("backup-server", "backup-volumes-server")} <= after
    files = stdin(program, "backup-files")["files"]
    assert "hidden-word" not in str(files), "the backup containers tell nobody"
