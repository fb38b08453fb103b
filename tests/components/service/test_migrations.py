"""A migration's environment, and its limits while the app serves."""

import json
from typing import Any

import pytest
import yaml

from rehearsal import Secret
from render import verb
from tests.components.declared import COMMAND, CONTAINER, ROOT, Program, plain

LONG = "a" * 40


@pytest.fixture(scope="module")
def program() -> Program:
    return Program.of("local")


def inputs(program: Program, step: str) -> dict[str, Any]:
    stdin = program.step(step).inputs["stdin"]
    assert isinstance(stdin, Secret)
    read: dict[str, Any] = json.loads(str(plain(stdin)))
    return read


def test_a_migration_has_its_own_login_so_that_its_sessions_can_be_ended(program: Program) -> None:
    migration = inputs(program, "legal-migrate")
    database = inputs(program, "legal-database-sql")
    assert migration["login"] == database["migrate_login"] != database["login"]
    assert f"//{migration['login']}:" in migration["environment"]["DATABASE_URL"]


def test_a_migration_has_the_apps_environment_except_its_login(program: Program) -> None:
    environment = inputs(program, "legal-migrate")["environment"]
    app = dict(pair.split("=", 1) for pair in plain(program.named(CONTAINER, "legal-app").inputs["envs"]))
    assert {name for name in app if app[name] != environment.get(name)} == {"DATABASE_URL"}
    assert environment.keys() == app.keys()


def test_its_log_hides_every_secret_of_its_environment(program: Program) -> None:
    migration = inputs(program, "legal-migrate")
    names = {"DATABASE_URL", "ELECTRIC_SECRET", "SECRET_KEY_BASE"}
    assert {migration["environment"][name] for name in names} <= set(migration["secrets"])


def test_a_changed_lock_timeout_changes_its_login_and_reruns_no_migration(program: Program) -> None:
    services = _services()
    services["legal"]["app"]["migrate_lock_timeout_s"] = 77
    changed = Program.of("local", services=services)
    assert " --lock-timeout 77 " in changed.step("legal-database-sql").inputs["create"]
    assert changed.step("legal-migrate").inputs == program.step("legal-migrate").inputs


def test_no_text_is_too_long_with_the_longest_names() -> None:
    services = _services()
    legal = services.pop("legal")
    legal["database"]["name"] = "d" * 40
    legal["electric"]["stream_id"] = "s" * 42
    legal["redis"] = {}
    services[LONG] = legal
    for service in services.values():
        service["app"].pop("calls", None)
    program = Program.of("local", services=services)
    texts = [(step.name, step.inputs.get(key) or "") for step in program.all(COMMAND) for key in ("create", "delete")]
    own = [(name, len(text)) for name, text in texts if name.startswith(LONG) and text.split(" ")[0] in VERBS]
    assert len(own) > 8
    assert not [each for each in own if each[1] > verb.MAX_LENGTH]


VERBS = (
    *("preflight", "database", "database-leave", "electric-role", "electric-role-remove", "logins", "migrate"),
    *("redis-user", "redis-user-remove"),
)


def _services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]["sertantai:services"]
    return services
