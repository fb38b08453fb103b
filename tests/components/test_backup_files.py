"""The container that backs up the files of volumes, as the program declares it."""

import json
from typing import Any

import pytest

from tests.components.declared import CONTAINER, PASSWORD, Program, plain, secret_values, services

LOCAL: dict[str, Any] = {"repository": {"kind": "local"}}
SERVER = "backup-volumes-server"


def with_volume(stack: str = "local", **settings: Any) -> Program:
    blocks = services(stack)
    blocks["auth"]["app"]["volumes"] = {"files": "/app/priv/files"}
    return Program.of(stack, services=blocks, backup=LOCAL | settings)


@pytest.fixture(scope="module")
def program() -> Program:
    return with_volume()


def mounts(program: Program) -> dict[str, tuple[str, bool]]:
    volumes = program.named(CONTAINER, SERVER).inputs["volumes"]
    return {each["containerPath"]: (each["volumeName"], each.get("readOnly", False)) for each in volumes}


def test_it_mounts_all_volumes_of_apps_and_the_certificates_read_only(program: Program) -> None:
    assert mounts(program) == {
        "/volumes/auth-files": ("sertantai-local-auth-files", True),
        "/volumes/letsencrypt": ("sertantai-local-letsencrypt", True),
        "/var/lib/backup": ("sertantai-local-backup-files", False),
        "/etc/pgbackrest": ("sertantai-local-backup-config", True),
        "/var/lib/pgbackrest": ("sertantai-local-repository", False),
    }


def test_a_new_volume_changes_its_container_and_no_other_of_the_platform(program: Program) -> None:
    def containers(of: Program) -> dict[str, dict[str, Any]]:
        return {each.name: {k: plain(v) for k, v in each.inputs.items()} for each in of.all(CONTAINER)}

    before, after = containers(Program.of("local", backup=LOCAL)), containers(program)
    assert {name for name in before if before[name] != after[name]} == {SERVER, "auth-app"}


def test_it_has_the_rights_of_root_on_files_and_no_others(program: Program) -> None:
    inputs = program.named(CONTAINER, SERVER).inputs
    assert (inputs["user"], inputs["readOnly"], inputs["init"]) == ("root", True, True)
    assert inputs["capabilities"]["drops"] == ["ALL"]
    adds = {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID"}
    assert set(inputs["capabilities"]["adds"]) == adds
    assert (inputs["memory"], inputs["cpuShares"], inputs["cpus"]) == (256, 128, "1.0")


def test_its_only_network_is_that_of_the_backups(program: Program) -> None:
    networks = program.named(CONTAINER, SERVER).inputs["networksAdvanced"]
    assert [each["name"] for each in networks] == ["sertantai_local_backup"]


def test_on_a_new_server_it_waits_for_the_recovery(program: Program) -> None:
    """A snapshot of empty volumes would be the newest one."""
    assert program.step("backup-seed").urn in program.after(program.named(CONTAINER, SERVER))


def test_it_starts_after_its_configuration_and_volumes_and_no_release_waits_for_it(program: Program) -> None:
    server = program.named(CONTAINER, SERVER)
    assert program.step("backup-files").urn in program.after(server)
    waiting = [each.name for each in program if server.urn in program.after(each)]
    assert waiting == ["backup-volumes-ready"]
    assert json.loads(program.step("backup-volumes-ready").inputs["stdin"])["check"][0] == "python3"


def test_no_secret_is_in_its_environment(program: Program) -> None:
    passphrase = str(plain(program.named(PASSWORD, "backup-passphrase").outputs["result"]))
    inputs = str(program.named(CONTAINER, SERVER).inputs)
    assert not [secret for secret in (*secret_values(program), passphrase) if secret in inputs]


def test_the_step_writes_where_restic_keeps_the_files(program: Program) -> None:
    texts = json.loads(plain(program.step("backup-files").inputs["stdin"]))["files"]
    assert json.loads(texts["files.json"])["repositories"]["repository"]["url"] == "/var/lib/pgbackrest/files"


def test_without_backups_there_is_no_such_container() -> None:
    assert not [each.name for each in Program.running("local") if each.name.startswith("backup-volumes")]
