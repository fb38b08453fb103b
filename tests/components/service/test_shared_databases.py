"""A database that several services use: legal's, shared by compliance and read by hub, as the program declares them."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal import Secret
from tests.components.declared import COMMAND, CONTAINER, ROOT, Program, plain, secret_values
from tests.components.service.test_restore import empty

LEGAL, AUTH = "sertantai_legal_local", "sertantai_auth_local"
IMAGE = "localhost:5050/sertantai/app:1"
COMPLIANCE = {
    "domain": "compliance.localhost",
    "database": {"of": "legal"},
    "app": {"image": IMAGE, "migrate": ["/app/bin/app", "eval", "App.Release.migrate"], "memory_mb": 64},
    "electric": {
        "image": "localhost:5050/sertantai/electric:1",
        "access": {"kind": "app", "path": "/api/electric/"},
        "memory_mb": 64,
    },
}
HUB = {
    "database": {"name": "hub", "reads": ["auth", "legal"], "pool_size": 5},
    "app": {"image": IMAGE, "memory_mb": 64},
}


def services() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]["sertantai:services"]
    return {"hub": HUB, "compliance": COMPLIANCE, **read}


def of(**blocks: Any) -> Program:
    return Program.of("local", services=services() | blocks, postgres=POSTGRES)


POSTGRES = {"image": "localhost:5050/sertantai/postgres:1", "memory_mb": 256, "max_connections": 600}


@pytest.fixture(scope="module")
def program() -> Program:
    return of()


def stdin(program: Program, step: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(str(plain(program.step(step).inputs["stdin"])))
    return read


def line(program: Program, step: str, key: str = "create") -> dict[str, str]:
    """Returns the options of a step's line, and its words under an empty name."""
    words, *options = str(program.step(step).inputs[key]).split(" --")
    return {"": words} | {f"--{name}": value for name, _, value in (option.partition(" ") for option in options)}


def variables(program: Program, container: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in plain(program.named(CONTAINER, container).inputs["envs"]))


def test_a_sharer_has_logins_of_its_own_that_become_the_owners_role(program: Program) -> None:
    step, given = line(program, "compliance-database-sql"), stdin(program, "compliance-database-sql")
    assert step[""] == f"database compliance {LEGAL}"
    assert step["--owner"] == line(program, "legal-database-sql")["--owner"]
    assert given["login"].startswith("compliance-app_")
    assert given["migrate_login"].startswith("compliance-app_migrate_")
    assert variables(program, "compliance-app")["DATABASE_URL"].startswith(f"postgresql://{given['login']}:")
    assert variables(program, "compliance-app")["DATABASE_URL"].endswith(f"/{LEGAL}")


def test_both_migrate_the_same_database_and_neither_waits_for_the_other(program: Program) -> None:
    migrations = {name: program.step(f"{name}-migrate") for name in ("legal", "compliance")}
    for name, step in migrations.items():
        assert shlex.split(step.inputs["create"])[2:4] == [name, LEGAL]
    own = {resource.urn for resource in program.below("legal")}
    assert not program.after(migrations["compliance"]) & own


def test_both_electrics_have_a_slot_and_a_role_of_their_own(program: Program) -> None:
    steps = {name: line(program, f"{name}-electric-sql") for name in ("legal", "compliance")}
    assert steps["compliance"]["--group"] == "compliance-electric"
    assert steps["compliance"]["--publication"] == "electric_publication_compliance"
    assert "--publication" not in steps["legal"]
    slots = {line(program, f"{name}-cutover")["--slot"] for name in steps}
    assert slots == {"electric_slot_legal", "electric_slot_compliance"}
    assert stdin(program, "compliance-preflight")["slot"]["group"] == "compliance-electric"


def test_the_removal_of_a_sharer_names_its_own_logins_alone(program: Program) -> None:
    leave = line(program, "compliance-database-sql", "delete")
    assert (leave[""], leave["--prefix"]) == (f"database-leave compliance {LEGAL}", "compliance-app")
    assert "--prefix" not in line(program, "legal-database-sql", "delete")
    electric = line(program, "compliance-electric-sql", "delete")
    assert electric["--group"] == "compliance-electric"
    assert "--drop-group" in electric
    assert "--drop-group" not in line(program, "legal-electric-sql", "delete")
    kept = stdin(program, "compliance-logins")
    assert (kept["prefix"], kept["group"]) == ("compliance-app", "compliance-electric")


def test_a_service_that_gets_another_database_takes_its_logins_role_and_slot_along(program: Program) -> None:
    """The step is not declared any more, so its recorded `delete` runs after the release."""
    name = f"compliance-shares-{LEGAL}"
    assert program.step(name).inputs["create"] == "nothing"
    leave = line(program, name, "delete")
    assert leave[""] == f"sharer-leave compliance {LEGAL}"
    names = stdin(program, name)
    assert (names["prefix"], names["group"]) == ("compliance-app", "compliance-electric")
    assert names["slot"] == line(program, "compliance-cutover")["--slot"]
    for database in ({"name": "compliance"}, {"of": "auth"}):
        moved = of(compliance={**COMPLIANCE, "database": database})
        assert name not in {step.name for step in moved.all(COMMAND)}
    assert not [step.name for step in program.all(COMMAND) if step.name.startswith(("legal-shares", "hub-shares"))]


def test_another_owner_of_the_same_database_leaves_its_sharers_alone(program: Program) -> None:
    blocks = services()
    renamed = {
        **{name: block for name, block in blocks.items() if name not in ("legal", "hub", "enforcement")},
        "compliance": {**COMPLIANCE, "database": {"of": "laws"}},
        "laws": {"database": {"name": LEGAL}, "app": {"image": IMAGE, "memory_mb": 64}},
    }
    moved = Program.of("local", services=renamed, postgres=POSTGRES)
    name = f"compliance-shares-{LEGAL}"
    assert moved.step(name).inputs["delete"] == program.step(name).inputs["delete"]


def test_a_removed_sharers_containers_are_gone_before_its_slot_and_logins(program: Program) -> None:
    shares = program.step(f"compliance-shares-{LEGAL}")
    assert shares.urn in program.after(program.step("compliance-cleanup"))
    assert program.step("compliance-electric-sql").urn in program.after(shares)


def test_the_owners_clean_up_waits_until_no_old_container_of_a_sharer_is_left(program: Program) -> None:
    """A sharer that was the owner until now still serves with a login of the database's name."""
    retired = {name: program.step(f"{name}-retire").urn for name in ("legal", "compliance", "auth")}
    after = program.after(program.step("legal-logins"))
    assert {urn for urn in retired.values() if urn in after} == {retired["legal"], retired["compliance"]}
    after = program.after(program.step("compliance-logins"))
    assert {urn for urn in retired.values() if urn in after} == {retired["compliance"]}


def test_a_reader_gets_a_url_for_each_database(program: Program) -> None:
    given = variables(program, "hub-app")
    for owner, database in (("auth", AUTH), ("legal", LEGAL)):
        login = stdin(program, f"hub-reads-{owner}-sql")["login"]
        assert login.startswith("hub-reads_")
        url = given[f"{owner.upper()}_DATABASE_URL"]
        assert url.startswith(f"postgresql://{login}:")
        assert url.endswith(f"/{database}")
    assert given["AUTH_DATABASE_URL"] != given["LEGAL_DATABASE_URL"]


def test_the_url_of_a_read_database_is_masked_in_logs_and_secret(program: Program) -> None:
    url = variables(program, "hub-app")["AUTH_DATABASE_URL"]
    assert url in stdin(program, "hub-app-gate")["secrets"]
    secrets = secret_values(program)
    for resource in program:
        for key, value in resource.inputs.items():
            if not isinstance(value, Secret):
                assert not [secret for secret in secrets if secret in str(value)], f"{resource.name}/{key}"


def test_a_reader_is_not_an_owner_and_its_old_logins_are_dropped_at_the_end(program: Program) -> None:
    step = line(program, "hub-reads-auth-sql")
    assert step[""] == f"reader hub auth {AUTH}"
    assert step["--group"] == f"{AUTH}-reads"
    assert step["--connections"] == str(3 * 5 + 5)
    assert stdin(program, "hub-logins-auth") == {"owner": f"{AUTH}-reads", "prefix": "hub-reads"}
    assert line(program, "hub-logins-auth")["--app"] == stdin(program, "hub-reads-auth-sql")["login"]
    assert program.step("hub-retire").urn in program.after(program.step("hub-logins-auth"))
    assert program.step("hub-reads-auth-sql").urn in program.after(program.named(CONTAINER, "hub-app"))


def test_the_readers_rights_follow_each_release_of_a_service_on_the_database(program: Program) -> None:
    """Its migrations create tables and functions."""
    for name, group in (("legal", LEGAL), ("compliance", LEGAL), ("auth", AUTH)):
        assert line(program, f"{name}-readers")["--group"] == f"{group}-reads"
        assert program.step(f"{name}-retire").urn in program.after(program.step(f"{name}-readers"))
    assert not [step.name for step in program.all(COMMAND) if step.name in ("hub-readers", "enforcement-readers")]
    auth = services()["auth"]
    newer = of(auth={**auth, "app": {**auth["app"], "image": "localhost:5050/sertantai/app:2"}})
    assert stdin(newer, "auth-readers") != stdin(program, "auth-readers")


def test_a_restore_waits_for_all_services_on_the_database_and_stops_them_all(tmp_path: Path) -> None:
    dump = tmp_path / "legal.dump"
    dump.write_bytes(empty(b"one"))
    program = of(legal={**services()["legal"], "restore": {"dump": str(dump)}})
    after = program.after(program.step("legal-restore"))
    assert {program.step("legal-retire").urn, program.step("compliance-retire").urn} <= after
    assert program.step("hub-retire").urn not in after
    inputs = stdin(program, "legal-restore")["inputs"]
    [sharer] = inputs["sharers"]
    assert (sharer["service"], sharer["slot"]) == ("compliance", "electric_slot_compliance")
    assert sharer["gates"].keys() == {"app", "electric"}
    assert variables(program, "compliance-app")["DATABASE_URL"] in inputs["secrets"]


def test_without_readers_and_sharers_a_restore_names_none(tmp_path: Path) -> None:
    dump = tmp_path / "auth.dump"
    dump.write_bytes(empty(b"one"))
    program = of(auth={**services()["auth"], "restore": {"dump": str(dump)}})
    assert "sharers" not in stdin(program, "auth-restore")["inputs"]
