"""Backups as the program declares them."""

import json
from itertools import pairwise
from typing import Any

import pytest
import yaml

from components.platform import backup
from rehearsal import Resource, Secret
from tests.components.declared import COMMAND, CONTAINER, IMAGE, PASSWORD, VOLUME, Program, plain, secret_values
from tests.places import ROOT

LOCAL: dict[str, Any] = {"repository": {"kind": "local"}}
SFTP = {
    "kind": "sftp",
    "host": "u1.your-storagebox.de",
    "port": 23,
    "user": "u1",
    "path": "/home/backup",
    "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA",
}
PACKAGE = "2.58.0-1.pgdg12+1"
KEY = "a private key of the repository"
CONTAINERS = ("postgres-server", "backup-server", "backup-volumes-server")


@pytest.fixture(scope="module")
def local() -> Program:
    return Program.of("local", backup=LOCAL)


@pytest.fixture(scope="module")
def remote() -> Program:
    return Program.of("local", backup={"repository": SFTP}, secrets={"backup_sftp_key": KEY})


def order(program: Program, *names: str) -> bool:
    """Whether each of these resources is declared after the one before it."""
    found = [
        next(each for each in program if each.name == name and each.type in (COMMAND, CONTAINER)) for name in names
    ]
    return all(before.urn in program.after(later) for before, later in pairwise(found))


def volumes(program: Program, name: str) -> dict[str, tuple[str, bool]]:
    mounts = program.named(CONTAINER, name).inputs["volumes"]
    return {each["containerPath"]: (each["volumeName"], each.get("readOnly", False)) for each in mounts}


def networks(program: Program, name: str) -> list[str]:
    return [each["name"] for each in program.named(CONTAINER, name).inputs["networksAdvanced"]]


def stdin(program: Program, step: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(plain(program.step(step).inputs["stdin"]))
    return values


def test_an_empty_cluster_never_starts_before_the_repository_is_asked(local: Program) -> None:
    steps = ("backup-files", "backup-seed", "postgres-server", "postgres-access", "backup-role", "backup-server")
    assert order(local, *steps, "backup-check")


def test_a_backup_is_made_before_postgresql_gets_another_image(local: Program) -> None:
    assert order(local, "backup-first", "postgres-server")
    digest = local.named(IMAGE, "postgres-image").inputs["name"].rpartition(":")[2][:12]
    assert f"--image {digest}" in local.step("backup-first").inputs["create"]


def test_services_use_postgresql_without_waiting_for_backups_but_migrations_wait(local: Program) -> None:
    check = local.step("backup-check").urn
    assert check not in local.after(local.step("legal-database-sql"))
    assert check in local.after(local.step("legal-migrate"))
    assert "--backup sertantai-local-backup" in local.step("legal-migrate").inputs["create"]


def test_only_the_step_writes_the_configuration(local: Program) -> None:
    for name in CONTAINERS:
        assert volumes(local, name)["/etc/pgbackrest"] == ("sertantai-local-backup-config", True)


def test_the_backup_container_reads_the_data_and_writes_its_own_state_alone(local: Program) -> None:
    assert volumes(local, "backup-server") == {
        "/var/lib/postgresql/data": ("sertantai-local-postgres", True),
        "/var/lib/backup": ("sertantai-local-backup", False),
        "/etc/pgbackrest": ("sertantai-local-backup-config", True),
        "/var/lib/pgbackrest": ("sertantai-local-repository", False),
    }


def test_without_a_local_repository_there_is_no_volume_for_it(remote: Program) -> None:
    assert "/var/lib/pgbackrest" not in volumes(remote, "postgres-server") | volumes(remote, "backup-server")
    assert not [each for each in remote.all(VOLUME) if each.inputs["name"].endswith("-repository")]


def test_the_backup_container_reaches_postgresql_and_no_service(local: Program) -> None:
    assert networks(local, "postgres-server") == ["sertantai_local", "sertantai_local_backup"]
    assert networks(local, "backup-server") == ["sertantai_local_backup"]
    others = [
        each.name
        for each in local.all(CONTAINER)
        if each.name not in CONTAINERS and each.inputs.get("networksAdvanced")
    ]
    assert not [name for name in others if "sertantai_local_backup" in networks(local, name)]
    [address] = [
        each["ipv4Address"]
        for each in local.named(CONTAINER, "postgres-server").inputs["networksAdvanced"]
        if each["name"] == "sertantai_local_backup"
    ]
    assert json.loads(stdin(local, "backup-files")["files"]["settings.json"])["postgres"]["host"] == address


def test_the_backup_container_has_no_privileges_and_not_all_processors(local: Program) -> None:
    inputs = local.named(CONTAINER, "backup-server").inputs
    assert inputs["capabilities"] == {"drops": ["ALL"]} or not inputs["capabilities"].get("adds")
    assert (inputs["user"], inputs["readOnly"], inputs["init"]) == ("postgres", True, True)
    assert inputs["cpuShares"] < 1024
    assert inputs["cpus"] == str(float(inputs["cpus"])), "else the provider replaces it at each run"
    assert float(inputs["cpus"]) <= 1
    assert inputs["memory"] == 256


def test_postgresql_has_an_init_only_with_backups(local: Program) -> None:
    assert local.named(CONTAINER, "postgres-server").inputs["init"] is True
    assert "init" not in Program.of("local").named(CONTAINER, "postgres-server").inputs


def test_a_secret_of_a_repository_is_in_the_stdin_of_one_step_alone(remote: Program) -> None:
    passphrase = str(plain(remote.named(PASSWORD, "backup-passphrase").outputs["result"]))
    for secret in (KEY, passphrase):
        holders = [each.name for each in remote if secret in str([*map(plain, each.inputs.values())])]
        assert holders == ["backup-files"]
        assert isinstance(remote.step("backup-files").inputs["stdin"], Secret)
    for value in secret_values(remote):
        assert value not in str(remote.named(CONTAINER, "backup-server").inputs)


def test_a_passphrase_of_the_operator_is_used(remote: Program) -> None:
    given = Program.of("local", backup=LOCAL, secrets={"backup_passphrase": "mine"})
    assert "repo1-cipher-pass=mine\n" in stdin(given, "backup-files")["files"]["pgbackrest.conf"]


def test_what_reads_the_backups_stays_on_the_host(local: Program) -> None:
    kept = {each.inputs["name"] for each in local.all(VOLUME) if each.options.get("retain_on_delete")}
    assert {"sertantai-local-backup-config", "sertantai-local-repository"} <= kept
    data = local.named(VOLUME, "postgres-data")
    assert data.options["protect"]
    assert local.named(PASSWORD, "backup-passphrase").urn in data.dependencies, "so `down` keeps it"


def test_the_check_runs_again_for_another_configuration(local: Program, remote: Program) -> None:
    assert stdin(local, "backup-check") != stdin(remote, "backup-check")


def test_the_host_builds_the_image_only_if_a_package_is_named(local: Program) -> None:
    assert not [image.name for image in local.all(IMAGE) if "build" in image.inputs]
    built, other = (
        Program.of("prod", backup={"repository": SFTP, "package": package})
        for package in (PACKAGE, "2.59.0-1.pgdg12+1")
    )
    image = built.named(IMAGE, "backup-image").inputs
    assert image["build"]["buildArgs"]["PGBACKREST"] == PACKAGE
    assert image["build"]["buildArgs"]["POSTGRES"] == built.named(IMAGE, "postgres-image").inputs["name"]
    assert image["keepLocally"] is True
    for name in CONTAINERS:
        assert built.named(CONTAINER, name).inputs["image"].startswith("sha256:")
    assert other.named(IMAGE, "backup-image").inputs["name"] != image["name"]


def test_another_volume_may_replace_postgresqls_and_the_old_one_stays() -> None:
    volume = "sertantai-prod-postgres-20261124T031500Z"
    data = data_volume(volume)
    assert data.inputs["driverOpts"]["device"].endswith(f"/{volume}"), "a recovered cluster is on the disk for data"
    assert data.options["retain_on_delete"]
    assert "retain_on_delete" not in Program.of("local").named(VOLUME, "postgres-data").options


def data_volume(name: str) -> Resource:
    """The volume of PostgreSQL's data, if the stack file names this one."""
    stack: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]
    postgres = {**stack["sertantai:postgres"], "volume": name}
    program = Program.of("prod", backup={"repository": SFTP}, secrets={"backup_sftp_key": KEY}, postgres=postgres)
    return program.named(VOLUME, "postgres-data")


def test_an_adopted_volume_stays_where_it_is_also_with_a_similar_name() -> None:
    assert "driverOpts" not in data_volume("sertantai-prod-postgres-data").inputs


def test_without_backups_no_step_and_no_container_knows_them() -> None:
    for stack_resource in Program.of("local"):
        assert not stack_resource.name.startswith("backup")
        assert "backup" not in str(stack_resource.inputs).lower(), stack_resource.name


NOBODY = "backup: nobody has printed the keys that a recovery needs: run `./sertantai backup keys`"


@pytest.mark.parametrize(
    ("status", "warnings"),
    [
        ("", []),
        ('{"problems": ["backup: its container does not run"], "exists": false}', []),
        ('{"problems": [], "keys_printed": true}', []),
        ('{"problems": ["backup/verify: is bad"], "keys_printed": true}', ["backup/verify: is bad"]),
        ('{"problems": [], "keys_printed": false}', [NOBODY]),
        ('{"problems": ["backup: status.json is damaged"]}', ["backup: status.json is damaged"]),
    ],
)  # fmt: skip
def test_each_run_warns_of_what_is_wrong(monkeypatch: pytest.MonkeyPatch, status: str, warnings: list[str]) -> None:
    logged: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", logged.append)
    backup._log_problems(status)
    assert logged == warnings
