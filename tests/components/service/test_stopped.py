"""Parts that are stopped on purpose, as the program declares them."""

import argparse
import json
import shlex
from typing import Any

import yaml

from host import retire
from tests.components.declared import COMMAND, CONTAINER, IMAGE, ROOT, Program, plain


def stopped(*parts: str) -> Program:
    services: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]["sertantai:services"]
    services["legal"]["stopped"] = list(parts)
    return Program.of("local", services=services)


def names(program: Program, kind: str) -> set[str]:
    return {resource.name for resource in program.all(kind) if resource.name.startswith("legal-")}


def kept(program: Program) -> list[str]:
    words = shlex.split(program.step("legal-retire").inputs["create"])
    return words[words.index("--keep") + 1 : words.index("--gateway")]


def test_a_stopped_app_does_not_run_and_does_not_migrate() -> None:
    program = stopped("app")
    assert names(program, CONTAINER) == {"legal-frontend", "legal-electric"}
    assert names(program, IMAGE) == {"legal-frontend-image", "legal-electric-image"}
    assert not {"legal-migrate", "legal-app-gate"} & names(program, COMMAND)
    assert len(kept(program)) == 2


def test_what_the_app_had_stays() -> None:
    whole, program = Program.of("local"), stopped("app")
    for step in ("legal-database-sql", "legal-electric-sql", "legal-certificate-authority", "legal-logins"):
        assert plain(program.step(step).inputs) == plain(whole.step(step).inputs), step


def test_a_stopped_electric_leaves_no_slot_that_would_fill_the_disk() -> None:
    program = stopped("electric")
    step = program.step("legal-electric-slot")
    assert "slot-drop local legal sertantai_legal_local --slot electric_slot_legal " in str(step.inputs["create"])
    assert program.step("legal-retire").urn in program.after(step), "its container is gone by then"
    assert "legal-cutover" not in names(program, COMMAND)
    assert json.loads(str(plain(program.step("legal-preflight").inputs["stdin"])))["slot"] is None
    assert "legal-electric-slot" not in names(stopped("app"), COMMAND)


def test_a_service_without_a_running_part_keeps_its_site_its_data_and_its_images() -> None:
    program = stopped("app", "frontend", "electric")
    assert names(program, CONTAINER) == set()
    assert kept(program) == []
    parser = argparse.ArgumentParser()
    retire.add_arguments(parser)
    line = shlex.split(program.step("legal-retire").inputs["create"])
    assert parser.parse_args(line[1:]).keep == []
    assert "legal-images" not in names(program, COMMAND), "without current images it would remove all"
    after = program.after(program.step("legal-site-switch"))
    assert {program.step("legal-preflight").urn, program.step("legal-certificate-authority").urn} <= after
    assert program.step("legal-site-switch").urn in program.after(program.step("legal-retire"))


def test_the_site_of_a_stopped_part_says_so() -> None:
    text = json.loads(str(plain(stopped("app").step("legal-site-switch").inputs["stdin"])))["text"]
    assert 'return 503 "legal-app is stopped on purpose.\\n";' in text
    assert "upstream legal-app {" not in text
    assert "upstream legal-frontend {" in text
