"""Variables that contain others, from the stack file to the container, the migration and the logs."""

import json
from typing import Any

import pytest
import yaml

from rehearsal import Secret
from tests.components.declared import CONTAINER, ROOT, Program, plain

ENV = {
    "OWN_DATABASE_URL": "ecto+${DATABASE_URL}",
    "KEYED": "a ${STRIPE_KEY} b",
    "ADDRESS": "https://${PHX_HOST}",
    "LITERAL": "$${PHX_HOST}",
}


@pytest.fixture(scope="module")
def program() -> Program:
    services = _services()
    services["legal"]["app"] |= {"env": ENV, "secrets": ["STRIPE_KEY"]}
    services["legal"]["electric"]["env"] = {"COPY": "ecto+${DATABASE_URL}"}
    return Program.of("local", services=services, secrets={"legal_STRIPE_KEY": "sk_live_1"})


def environment(program: Program, container: str) -> dict[str, str]:
    envs = program.named(CONTAINER, container).inputs["envs"]
    assert isinstance(envs, Secret)
    return dict(pair.split("=", 1) for pair in plain(envs))


def inputs(program: Program, step: str) -> dict[str, Any]:
    stdin = program.step(step).inputs["stdin"]
    assert isinstance(stdin, Secret)
    read: dict[str, Any] = json.loads(str(plain(stdin)))
    return read


def test_a_container_gets_the_values_of_the_variables_that_it_names(program: Program) -> None:
    app = environment(program, "legal-app")
    assert app["OWN_DATABASE_URL"] == f"ecto+{app['DATABASE_URL']}"
    assert app["KEYED"] == "a sk_live_1 b"
    assert (app["ADDRESS"], app["LITERAL"]) == ("https://legal.localhost", "${PHX_HOST}")
    electric = environment(program, "legal-electric")
    assert electric["COPY"] == f"ecto+{electric['DATABASE_URL']}" != app["OWN_DATABASE_URL"]


def test_a_migration_has_its_own_login_in_each_of_them(program: Program) -> None:
    migration, app = inputs(program, "legal-migrate"), environment(program, "legal-app")
    assert migration["environment"]["OWN_DATABASE_URL"] == f"ecto+{migration['environment']['DATABASE_URL']}"
    assert f"//{migration['login']}:" in migration["environment"]["OWN_DATABASE_URL"]
    assert {name for name in app if app[name] != migration["environment"][name]} == {"DATABASE_URL", "OWN_DATABASE_URL"}


def test_no_log_shows_a_value_that_contains_a_secret(program: Program) -> None:
    app, electric = environment(program, "legal-app"), environment(program, "legal-electric")
    gate, migration = inputs(program, "legal-app-gate"), inputs(program, "legal-migrate")
    assert {app["OWN_DATABASE_URL"], app["KEYED"], "sk_live_1"} <= set(gate["secrets"])
    assert {migration["environment"]["OWN_DATABASE_URL"], app["KEYED"]} <= set(migration["secrets"])
    assert electric["COPY"] in inputs(program, "legal-electric-gate")["secrets"]
    for shown in (app["ADDRESS"], app["LITERAL"]):
        assert shown not in [*gate["secrets"], *migration["secrets"]]


def _services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]["sertantai:services"]
    return services
