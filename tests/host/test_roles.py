"""The steps for roles in PostgreSQL, without one: their queries, the order of the queries, and their errors."""

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from host import (
    catalogue,
    database,
    database_leave,
    docker,
    electric_role,
    electric_role_remove,
    limit_readers,
    logins,
    psql,
    reader,
    reader_remove,
    sharer_leave,
    slot_drop,
)
from host.failure import Failure
from host.verbs import Verb
from tests.doubles.asked import Asked, postgres
from tests.waiting import eventually

DATABASE = {"database": "legal_prod", "owner": "legal_prod_owner", "connections": 8, "postgres": "pg"}
MIGRATED = {**DATABASE, "migrate_connections": 4, "lock_timeout": 10}
STDIN = {
    "password": "s3cr3t",
    "login": "legal_prod_1",
    "migrate_login": "legal_prod_migrate_1",
    "extensions": ["citext"],
    "fingerprints": {"login": "none", "migrate-login": "drift-1"},
}
ELECTRIC = {**DATABASE, "group": "legal_prod_electric"}
REMOVED = {"stack": "trial", "database": "legal_prod", "group": "g", "slot": "s", "publication": "p", "postgres": "pg"}
SHARED = {**DATABASE, "group": "compliance-electric", "publication": "electric_publication_compliance"}
LEFT = {
    "owner": "legal_prod_owner",
    "prefix": "compliance-app",
    "group": "compliance-electric",
    "slot": "electric_slot_compliance",
    "publication": "electric_publication_compliance",
}
READ = {**DATABASE, "of": "auth", "group": "auth_prod-reads", "prefix": "legal-reads"}
READER = {"password": "s3cr3t", "login": "legal-reads_1", "fingerprint": "drift-1"}
SLOT = {"stack": "trial", "database": "legal_prod", "slot": "electric_slot_legal", "postgres": "pg"}
UNREACHABLE, REFUSED = psql.Unreachable("FATAL"), psql.SqlError("ERROR:  not with s3cr3t")


def run(verb: Verb, inputs: dict[str, Any], **given: Any) -> None:
    """Adds the options that are missing."""
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)
    defaults = {action.dest: action.default for action in parser._actions}
    verb.run(argparse.Namespace(**{**defaults, "service": "legal", **given}), inputs)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Asked:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(docker, "list_containers", lambda *_, **__: [])
    return postgres(monkeypatch, **{logins.FIND: "legal_prod\n", "logins_others": '["other"]\n'})


def test_a_database_gets_its_logins_before_its_objects_and_its_fingerprints_last(asked: Asked) -> None:
    run(database, STDIN, **MIGRATED)
    assert asked.log == [
        ("database", "postgres"),
        ("untrusted", "legal_prod"),
        ("login", "postgres"),
        ("login", "postgres"),
        ("database_inside", "legal_prod"),
        ("database_owner", "postgres"),
        ("fingerprints_save", "postgres"),
    ]
    assert asked.exclusive == {*asked.names} - {"untrusted"}
    left = json.loads(asked.variables["fingerprints_save"]["fingerprints"])
    assert [(row["name"], row["object"], row["mark"]) for row in left] == [
        ("login/legal", "legal_prod_1", "none"),
        ("migrate-login/legal", "legal_prod_migrate_1", "drift-1"),
    ]


UNTRUSTED = {**STDIN, "extensions": ["citext", "dblink", "pg_stat_statements", "file_fdw"]}


def test_untrusted_extensions_that_the_operator_has_not_listed_are_refused_together(asked: Asked) -> None:
    asked.answers["untrusted"] = "dblink\nfile_fdw\n"
    with pytest.raises(Failure) as caught:
        run(database, UNTRUSTED | {"superuser_extensions": ["pg_stat_statements"]}, **MIGRATED)
    assert json.loads(asked.variables["untrusted"]["extensions"]) == ["citext", "dblink", "file_fdw"]
    assert [line.partition(" an app")[0] for line in str(caught.value).splitlines()] == [
        "services/legal/database/extensions: dblink is not trusted:",
        "services/legal/database/extensions: file_fdw is not trusted:",
    ]
    assert "postgres/superuser_extensions" in str(caught.value)
    assert "database_inside" not in asked.names


def test_listed_extensions_are_created_like_trusted_ones(asked: Asked) -> None:
    listed = ["dblink", "pg_stat_statements"]
    run(database, {**STDIN, "extensions": listed, "superuser_extensions": listed}, **MIGRATED)
    assert "untrusted" not in asked.names
    assert json.loads(asked.variables["database_inside"]["extensions"]) == listed


def test_the_logins_of_migrations_alone_have_a_limit_for_locks(asked: Asked) -> None:
    run(database, STDIN, **MIGRATED)
    assert (asked.variables["login"]["login"], asked.variables["login"]["lock_timeout"]) == (
        "legal_prod_migrate_1",
        "10s",
    )
    run(database, {**STDIN, "fingerprints": {"login": "none"}}, **DATABASE)
    assert (asked.variables["login"]["login"], asked.variables["login"]["lock_timeout"]) == ("legal_prod_1", "")


def test_electrics_login_replicates_and_the_apps_does_not(asked: Asked) -> None:
    run(electric_role, {"password": "x", "login": "legal_prod_electric_1", "fingerprint": "none"}, **ELECTRIC)
    assert asked.names == ["electric_role", "login", "electric_role_inside", "fingerprints_save"]
    assert asked.variables["login"]["replication"] == "REPLICATION"
    run(database, STDIN, **MIGRATED)
    assert asked.variables["login"]["replication"] == "NOREPLICATION"


def test_logins_are_dropped_in_the_database_where_they_may_own_objects(asked: Asked) -> None:
    inputs = {"owner": "legal_prod_owner", "group": "legal_prod_electric"}
    run(logins, inputs, database="legal_prod", app=["a"], electric="e", postgres="pg")
    assert [where for name, where in asked.log if name == "logins_drop"] == ["legal_prod", "legal_prod"]
    assert asked.variables["logins_drop"] == {
        "role": "legal_prod_electric",
        "prefix": "legal_prod_electric",
        "current": '["e"]',
        "others": '["other"]',
    }
    assert asked.variables["logins_others"] == {"own": "/legal$"}


def test_without_electric_only_the_apps_logins_are_checked(asked: Asked) -> None:
    run(logins, {"owner": "legal_prod_owner"}, database="legal_prod", app=["a", "m"], postgres="pg")
    assert asked.names.count("logins_drop") == 1
    assert asked.variables["logins_drop"]["current"] == '["a", "m"]'


def test_the_logins_of_a_missing_database_are_dropped_too(asked: Asked) -> None:
    asked.answers[logins.FIND] = ""
    run(database_leave, {}, database="legal_prod", owner="legal_prod_owner", postgres="pg")
    run(electric_role_remove, {}, **REMOVED)
    assert ("logins_drop", "postgres") in asked.log
    assert "electric_role_remove" not in asked.names


def test_electrics_slot_is_dropped_before_its_logins(asked: Asked) -> None:
    run(electric_role_remove, {}, **REMOVED)
    assert asked.names == [logins.FIND, "electric_role_remove", "logins_others", logins.FIND, "logins_drop"]


def test_nothing_of_electric_is_dropped_while_an_electric_serves(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "list_containers", lambda *_, **__: ["legal-electric-1"])
    with pytest.raises(Failure, match="legal/electric: still serves; run up again"):
        run(electric_role_remove, {}, **REMOVED)
    assert asked.names == []


def test_a_service_on_anothers_database_drops_the_logins_with_its_own_prefix(
    asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    run(database_leave, {}, database="legal_prod", owner="legal_prod_owner", prefix="compliance-app", postgres="pg")
    assert asked.variables["logins_drop"]["prefix"] == "compliance-app"
    assert capsys.readouterr().out == "", "the database is not its own, so nobody is told how to drop it"
    inputs = {"owner": "legal_prod_owner", "group": "compliance-electric", "prefix": "compliance-app"}
    run(logins, inputs, database="legal_prod", app=["a"], postgres="pg")
    assert asked.variables["logins_drop"] == {
        "role": "legal_prod_owner",
        "prefix": "compliance-app",
        "current": '["a"]',
        "others": '["other"]',
    }


def test_the_group_of_a_shared_databases_electric_is_dropped_last_and_the_owners_stays(asked: Asked) -> None:
    run(electric_role_remove, {}, **{**REMOVED, "drop_group": True})
    assert asked.log[-2:] == [("logins_drop", "legal_prod"), ("group_remove", "postgres")]
    run(electric_role_remove, {}, **REMOVED)
    assert asked.names[-1] == "logins_drop"


def test_a_service_leaves_a_shared_database_with_its_slot_first_and_its_group_last(asked: Asked) -> None:
    run(sharer_leave, LEFT, **DATABASE)
    assert [name for name in asked.names if name not in (logins.FIND, "logins_others")] == [
        *(sharer_leave.TAKEN, "electric_role_remove", "sharer_leave"),
        *("logins_drop", "logins_drop", "group_remove"),
    ]


def test_a_slot_that_the_service_has_taken_over_as_the_owner_stays(asked: Asked) -> None:
    asked.answers[sharer_leave.TAKEN] = "1\n"
    run(sharer_leave, LEFT, **DATABASE)
    assert "electric_role_remove" not in asked.names
    assert asked.names[-1] == "group_remove"


def test_a_group_that_serves_on_another_database_stays(asked: Asked) -> None:
    asked.answers["sharer_leave"] = "compliance-app_1a2b3c4d\ncompliance-electric\n"
    run(sharer_leave, LEFT, **DATABASE)
    assert asked.names.count("logins_drop") == 1
    assert "group_remove" not in asked.names


def test_a_service_without_electric_leaves_no_slot(asked: Asked) -> None:
    run(sharer_leave, {key: LEFT[key] for key in ("owner", "prefix", "group")}, **DATABASE)
    assert sharer_leave.TAKEN not in asked.names
    assert "electric_role_remove" not in asked.names


def test_only_the_logins_are_left_of_a_dropped_database(asked: Asked) -> None:
    asked.answers[logins.FIND] = ""
    run(sharer_leave, LEFT, **DATABASE)
    assert [entry for entry in asked.log if entry[0] == "logins_drop"] == [("logins_drop", "postgres")] * 2
    assert not {"electric_role_remove", "group_remove"} & {*asked.names}


def test_the_electric_of_a_shared_database_takes_its_own_publication_alone(asked: Asked) -> None:
    inputs = {"password": "x", "login": "compliance-electric_1", "fingerprint": "none"}
    run(electric_role, inputs, **SHARED)
    assert asked.variables["electric_role_inside"]["publication"] == "electric_publication_compliance"
    run(electric_role, inputs, **ELECTRIC)
    assert asked.variables["electric_role_inside"]["publication"] == ""


def test_a_reader_has_its_rights_before_its_login_and_its_fingerprint_last(asked: Asked) -> None:
    run(reader, READER, **READ)
    assert asked.log == [
        ("database", "postgres"),
        ("readers", "postgres"),
        ("database_inside", "legal_prod"),
        ("database_owner", "postgres"),
        ("readers_inside", "legal_prod"),
        ("login", "postgres"),
        ("fingerprints_save", "postgres"),
    ]
    assert asked.exclusive == set(asked.names)
    assert (asked.variables["login"]["role"], asked.variables["login"]["replication"]) == (
        "auth_prod-reads",
        "NOREPLICATION",
    )
    [saved] = json.loads(asked.variables["fingerprints_save"]["fingerprints"])
    assert (saved["name"], saved["object"], saved["mark"]) == ("reads-auth/legal", "legal-reads_1", "drift-1")


@pytest.mark.parametrize(("verb", "inputs"), [(reader, READER), (limit_readers, {})], ids=["reader", "limit-readers"])
def test_the_readers_rights_change_only_while_no_migration_of_the_database_runs(
    asked: Asked, capsys: pytest.CaptureFixture[str], verb: Verb, inputs: dict[str, Any]
) -> None:
    """Both change the rows of all tables in PostgreSQL's catalogue."""
    with ThreadPoolExecutor(1) as pool:
        with catalogue.wait_for_migration("pg", "legal_prod", "auth/migrate", migrates=True):
            step = pool.submit(run, verb, inputs, **READ)
            eventually(lambda: "readers" in asked.names)
            waits = "waits for another service's migration of legal_prod to end"
            eventually(lambda: waits in capsys.readouterr().out)
            with pytest.raises(TimeoutError):
                step.result(0.3)
            assert "readers_inside" not in asked.names
        step.result(60)
    assert "readers_inside" in asked.names


def test_nothing_of_a_reader_is_looked_for_in_a_dropped_database(asked: Asked) -> None:
    asked.answers[logins.FIND] = ""
    run(reader_remove, {}, **READ)
    assert ("logins_drop", "postgres") in asked.log
    assert "readers_remove" not in asked.names


def test_the_slot_of_an_electric_that_still_runs_stays(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "list_containers", lambda *_, **__: ["legal-electric-1"])
    with pytest.raises(Failure, match="legal/electric: still serves; run up again"):
        run(slot_drop, {}, **SLOT)
    assert asked.names == []


def test_a_slot_that_is_left_after_ten_seconds_belongs_to_another_electric(asked: Asked) -> None:
    asked.answers["slot_exists"] = "1\n"
    with pytest.raises(Failure, match="legal/electric: another Electric reads its slot electric_slot_legal: stop that"):
        run(slot_drop, {}, **SLOT)


STEPS = [
    (database, STDIN, MIGRATED, "database", "legal/database"),
    (electric_role, {**STDIN, "fingerprint": ""}, ELECTRIC, "electric_role", "legal/electric"),
    (electric_role_remove, {}, REMOVED, "electric_role_remove", "legal/electric"),
    (database_leave, {}, DATABASE, "logins_drop", "legal/database"),
    (logins, {"owner": "o"}, {**DATABASE, "app": ["a"]}, "logins_drop", "legal/database"),
    (reader, READER, READ, "login", "legal/database/reads"),
    (reader_remove, {}, READ, "readers_remove", "legal/database/reads"),
    (limit_readers, {}, READ, "readers_inside", "legal/readers"),
    (sharer_leave, LEFT, DATABASE, "sharer_leave", "legal/database"),
    (slot_drop, {}, SLOT, "slot_leave", "legal/electric"),
]


@pytest.mark.parametrize(("verb", "inputs", "given", "sql", "path"), STEPS, ids=[step[3] for step in STEPS])
def test_an_error_begins_with_the_path_and_contains_no_password(
    asked: Asked, verb: Verb, inputs: dict[str, Any], given: dict[str, Any], sql: str, path: str
) -> None:
    asked.answers[sql] = UNREACHABLE
    with pytest.raises(Failure, match=f"^{path}: PostgreSQL does not answer; run up again$"):
        run(verb, inputs, **given)
    asked.answers[sql] = REFUSED
    with pytest.raises(Failure, match=f"^{path}: PostgreSQL says: ERROR:  not with ") as caught:
        run(verb, inputs, **given)
    assert ("s3cr3t" in str(caught.value)) == ("password" not in inputs)
