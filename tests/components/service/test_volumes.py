"""The app's volumes: who mounts them, and what is left of them."""

import json
from typing import Any

import pytest

from rehearsal import Resource
from tests.components.declared import CONTAINER, VOLUME, Program, plain, services

PATH = "/app/priv/files"
NAME = "sertantai-{}-auth-files"


def with_volume(stack: str) -> Program:
    blocks = services(stack)
    blocks["auth"]["app"]["volumes"] = {"files": PATH}
    return Program.of(stack, services=blocks)


@pytest.fixture(params=["local", "prod"], scope="module")
def program(request: pytest.FixtureRequest) -> Program:
    return with_volume(request.param)


def mounted(container: Resource) -> list[tuple[str, str, bool]]:
    return [
        (mount["volumeName"], mount["containerPath"], mount.get("readOnly", False))
        for mount in container.inputs.get("volumes", [])
    ]


def test_the_app_alone_mounts_it_writable(program: Program) -> None:
    mounts = {container.name: mounted(container) for container in program.all(CONTAINER)}
    having = {name: found for name, found in mounts.items() if any(path == PATH for _, path, _ in found)}
    assert having == {"auth-app": [(NAME.format(program.stack), PATH, False)]}


def test_a_read_only_app_may_write_to_it() -> None:
    app = with_volume("local").named(CONTAINER, "auth-app")
    assert app.inputs["readOnly"] is True
    assert [read_only for _, _, read_only in mounted(app)] == [False]


def test_the_migration_mounts_it_too(program: Program) -> None:
    stdin = json.loads(str(plain(program.step("auth-migrate").inputs["stdin"])))
    assert stdin["volumes"] == {PATH: NAME.format(program.stack)}


def test_it_is_prepared_after_the_preflight_and_before_the_migration_and_the_app(program: Program) -> None:
    prepared = program.step("auth-volume-files-owner")
    assert program.step("auth-preflight").urn in program.after(prepared)
    assert program.named(VOLUME, "auth-volume-files").urn in program.after(prepared)
    for later in (program.step("auth-migrate"), program.named(CONTAINER, "auth-app")):
        assert prepared.urn in program.after(later), later.name


def test_it_is_prepared_again_for_a_new_image(program: Program) -> None:
    inputs = program.step("auth-volume-files-owner").inputs
    image = program.named(CONTAINER, "auth-app").inputs["image"]
    assert json.loads(str(inputs["stdin"])) == {"image": image}
    assert inputs["create"] == (
        f"volume {program.stack} auth files --volume {NAME.format(program.stack)} --path {PATH}"
    )


def test_it_is_kept_when_it_is_no_longer_declared_and_named_with_the_command_that_removes_it(program: Program) -> None:
    volume = program.named(VOLUME, "auth-volume-files")
    assert volume.options.get("retain_on_delete") is True
    assert not volume.options.get("protect")
    disk = " --disk /mnt/sertantai" if program.stack == "prod" else ""
    delete = program.step("auth-volume-files-owner").inputs["delete"]
    assert delete == f"volume-leave auth {NAME.format(program.stack)}{disk}"


def test_it_is_on_the_disk_for_data_whose_folder_stays() -> None:
    program, name = with_volume("prod"), NAME.format("prod")
    assert program.named(VOLUME, "auth-volume-files").inputs["driverOpts"]["device"] == f"/mnt/sertantai/{name}"
    folder = program.step("auth-volume-files-folder")
    assert folder.inputs["create"] == f"folder /mnt/sertantai {name}"
    assert "delete" not in folder.inputs


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_a_service_without_volumes_declares_what_it_did(stack: str) -> None:
    """Only the volume's own steps are added; the app, its migration and its preflight change for it alone."""

    def declared(program: Program) -> dict[str, dict[str, Any]]:
        return {f"{resource.type} {resource.name}": plain_inputs(resource) for resource in program}

    before, after = declared(Program.running(stack)), declared(with_volume(stack))
    changed = {name.partition(" ")[2] for name in before if before[name] != after[name]}
    # The container that backs up files mounts all volumes, where backups are declared.
    assert changed - {"backup-volumes-server"} == {"auth-app", "auth-migrate", "auth-preflight"}
    assert {name.partition(" ")[2] for name in after.keys() - before.keys()} <= {
        "auth-volume-files",
        "auth-volume-files-folder",
        "auth-volume-files-owner",
    }


def plain_inputs(resource: Resource) -> dict[str, Any]:
    return {key: plain(value) for key, value in resource.inputs.items()}
