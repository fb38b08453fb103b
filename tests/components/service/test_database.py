"""The extensions of a service's database."""

import json
from typing import Any

import yaml

from tests.components.declared import COMMAND, ROOT, Program, plain


def config(block: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"][f"sertantai:{block}"]
    return read


def test_an_extension_that_the_operator_has_listed_is_known_to_the_service_that_names_it_alone() -> None:
    before, services = Program.of("local"), config("services")
    services["legal"]["database"]["extensions"] = ["citext", "pg_stat_statements"]
    postgres = config("postgres") | {"superuser_extensions": ["pg_stat_statements", "dblink"]}
    program = Program.of("local", services=services, postgres=postgres)
    stdin = json.loads(str(plain(program.step("legal-database-sql").inputs["stdin"])))
    assert stdin["superuser_extensions"] == ["pg_stat_statements"]
    changed = {step.name for step in program.all(COMMAND) if step.inputs != before.step(step.name).inputs}
    assert changed == {"legal-database-sql", "legal-preflight"}
