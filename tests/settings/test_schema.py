"""The JSON Schema that editors check the stack files with."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from settings import PROJECT, Mistakes, parse
from settings.schema import FILE, schema, text

from .stack import FULL, REMOVED, SECRETS, SMALL, changed

STACKS = sorted(Path(__file__).parents[2].glob("Pulumi.*.yaml"))
VALIDATOR = jsonschema.Draft202012Validator(schema())


def stack(raw: dict[str, Any]) -> dict[str, Any]:
    return {"config": {f"{PROJECT}:{key}": value for key, value in raw.items()}}


def test_the_file_is_current() -> None:
    assert FILE.read_text() == text(), "run `python -m settings.schema`"


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(text()))


def test_the_project_has_two_stack_files() -> None:
    assert [path.name for path in STACKS] == ["Pulumi.local.yaml", "Pulumi.prod.yaml"]


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_a_stack_file_names_the_schema_in_its_first_line(path: Path) -> None:
    assert path.read_text().splitlines()[0] == f"# yaml-language-server: $schema=settings/{FILE.name}"


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_a_stack_file_is_valid(path: Path) -> None:
    read = yaml.safe_load(path.read_text())
    VALIDATOR.validate(read)
    own = {key.removeprefix(f"{PROJECT}:"): value for key, value in read["config"].items() if PROJECT in key}
    encrypted = [key for key, value in own.items() if isinstance(value, dict) and set(value) == {"secure"}]
    parse(own, encrypted)


@pytest.mark.parametrize("raw", [SMALL, FULL], ids=["small", "full"])
def test_the_schema_accepts_a_valid_stack(raw: dict[str, Any]) -> None:
    VALIDATOR.validate(stack(raw))


def blocks(raw: Any, path: str = "") -> list[str]:
    """Returns the paths of all blocks of settings, without those of routes, whose names contain a slash."""
    if isinstance(raw, list) or not isinstance(raw, dict) or path.endswith("routes"):
        return []
    return [path, *(inner for key, value in raw.items() for inner in blocks(value, f"{path}/{key}".lstrip("/")))]


@pytest.mark.parametrize("block", blocks(FULL))
def test_the_schema_refuses_a_misspelt_key_where_the_settings_do(block: str) -> None:
    wrong = changed(FULL, {f"{block}/mis spelt".lstrip("/"): "x"})
    with pytest.raises(Mistakes, match="mis spelt"):
        parse(wrong, SECRETS)
    assert not VALIDATOR.is_valid(stack(wrong))


@pytest.mark.parametrize(
    "changes",
    [
        {"postgres": REMOVED},
        {"services": {}},
        {"services/legal/app/image": REMOVED},
        {"services/legal/app/port": "4000"},
        {"services/legal/app/port": 80},
        {"services/legal/app/env": {"A": 2}},
        {"services/legal/app/routes": ["/a b"]},
        {"services/legal/app/routes": {"/a b": {}}},
        {"services/legal/app/routes": {"/api/": {"mis spelt": "x"}}},
        {"services/legal/app/routes": [{"/api/": {}}]},
        {"services/legal/headers": {"X-A": "$host"}},
        {"sites": {"baserow": {"container": "baserow"}}},
        {"services/legal/domain": "Legal.sertantai.com"},
        {"services/legal/electric/access": {"kind": "other"}},
        {"services/legal/electric/stream_id": "a-b"},
        {"services/legal/database": {}},
        {"services/legal/database": {"name": "legal_prod", "of": "auth"}},
        {"services/legal/stopped": ["backend"]},
    ],
)
def test_the_schema_refuses_simple_mistakes_too(changes: dict[str, Any]) -> None:
    wrong = changed(SMALL, changes)
    with pytest.raises(Mistakes):
        parse(wrong)
    assert not VALIDATOR.is_valid(stack(wrong))


def test_the_schema_accepts_secrets_and_other_packages_settings() -> None:
    read = stack(copy.deepcopy(SMALL))
    read["config"] |= {"hcloud:token": {"secure": "x"}, "sertantai:legal_STRIPE_KEY": {"secure": "x"}}
    read |= {"encryptionsalt": "v1:x"}
    VALIDATOR.validate(read)


def test_an_editor_shows_the_purpose_of_a_setting() -> None:
    assert "requests in flight" in schema()["$defs"]["App"]["properties"]["drain_s"]["description"]
