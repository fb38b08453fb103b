"""A declared restore, as the engine sees it."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.components.declared import Program, plain, secret_values, services


def empty(name: bytes) -> bytes:
    """A complete dump of an empty database, as pg_dump 17 writes it."""

    def number(value: int) -> bytes:
        return b"\0" + value.to_bytes(4, "little")

    texts = [name, b"17.4", b"17.4"]
    head = [b"PGDMP", bytes([1, 16, 0, 4, 8, 1, 0]), *[number(0)] * 7]
    return b"".join([*head, *(number(len(text)) + text for text in texts), number(0)])


def declared(stack: str, dump: Path, **more: Any) -> Program:
    blocks = services(stack)
    blocks["legal"]["restore"] = {"dump": str(dump), **more}
    return Program.of(stack, services=blocks)


@pytest.fixture(params=["local", "prod"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Program:
    (tmp_path / "legal.dump").write_bytes(empty(b"one"))
    return declared(request.param, tmp_path / "legal.dump")


def test_it_is_one_step_after_the_whole_release_and_nothing_waits_for_it(program: Program) -> None:
    step = program.step("legal-restore")
    assert {program.step("legal-retire").urn, program.step("legal-migrate").urn} <= program.after(step)
    assert not [each.name for each in program if step.urn in each.dependencies]
    assert not [each.name for each in program.all(step.type) if each.name.endswith("-restore") and each is not step]


def test_it_runs_again_for_another_dump_and_not_for_a_release(tmp_path: Path) -> None:
    dump = tmp_path / "legal.dump"
    dump.write_bytes(empty(b"one"))
    first = declared("local", dump).step("legal-restore").inputs["create"]
    assert declared("local", dump).step("legal-restore").inputs["create"] == first
    assert "legal-app-" not in str(first), "the names of containers change at each release"
    other = tmp_path / "other.dump"
    other.write_bytes(empty(b"two"))
    assert declared("local", other).step("legal-restore").inputs["create"] != first


def test_its_text_is_one_line_that_names_the_dump_and_its_options(tmp_path: Path) -> None:
    dump = tmp_path / "legal.dump"
    dump.write_bytes(empty(b"one"))
    digest = hashlib.sha256(dump.read_bytes()).hexdigest()
    text = declared("local", dump).step("legal-restore").inputs["create"]
    assert text == f"legal {dump} --digest {digest}"
    text = declared("local", dump, replace=True, disable_triggers=True).step("legal-restore").inputs["create"]
    assert text == f"legal {dump} --digest {digest} --replace --disable-triggers"


def test_no_secret_is_in_its_text(program: Program) -> None:
    text = str(plain(program.step("legal-restore").inputs["create"]))
    assert not [secret for secret in secret_values(program) if secret in text]


def test_its_block_changes_nothing_else_of_the_service(program: Program) -> None:
    without = Program.running(program.stack)
    inputs = {each.urn: plain(each.inputs) for each in without}
    changed = [each.name for each in program if each.urn in inputs and plain(each.inputs) != inputs[each.urn]]
    assert changed == []
    assert {each.name for each in program} - {each.name for each in without} == {"legal-restore"}
