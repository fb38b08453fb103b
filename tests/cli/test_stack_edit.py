"""A recovery changes one line of a stack file, and nothing else of it."""

from pathlib import Path

import pytest
import yaml

from cli import stack_edit
from cli.refused import Refused
from tests.places import ROOT

VOLUME = "sertantai-prod-postgres-20261124T031500Z"
BLOCK = """config:
  # who may log in
  sertantai:host: {kind: local}
  sertantai:postgres:
    image: postgres:16   # by digest in prod
    memory_mb: 4096
  sertantai:nginx: {image: nginx}   # the gateway
"""
FLOW = """config:
  sertantai:postgres: {image: "postgres:16", memory_mb: 4096}  # by digest in prod
  sertantai:nginx: {image: nginx}
"""
LINES = """config:
  sertantai:postgres: {
    image: "postgres:16",
    memory_mb: 4096
  }
"""


def changed(tmp_path: Path, text: str) -> str:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(text)
    stack_edit.set_postgres_volume(file, VOLUME)
    return file.read_text()


@pytest.mark.parametrize("text", [BLOCK, FLOW, LINES, FLOW.replace(", memory_mb: 4096", ", volume: old  ")])
def test_the_volume_is_set_and_everything_else_means_the_same(tmp_path: Path, text: str) -> None:
    before, after = yaml.safe_load(text), yaml.safe_load(changed(tmp_path, text))
    assert after["config"]["sertantai:postgres"].pop("volume") == VOLUME
    before["config"]["sertantai:postgres"].pop("volume", None)
    assert after == before


def test_every_line_and_comment_stays_in_its_place(tmp_path: Path) -> None:
    lines = changed(tmp_path, BLOCK).splitlines()
    assert f"    volume: {VOLUME}" in lines
    assert [line for line in lines if "volume" not in line] == BLOCK.splitlines()


def test_a_second_recovery_changes_the_value_alone(tmp_path: Path) -> None:
    once = changed(tmp_path, BLOCK)
    assert changed(tmp_path, once.replace(VOLUME, "sertantai-prod-postgres  # of 2025")) == once.replace(
        VOLUME, f"{VOLUME}  # of 2025"
    )


def test_the_projects_own_stack_files_can_be_changed(tmp_path: Path) -> None:
    for stack in ("local", "prod"):
        text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
        after = changed(tmp_path, text)
        assert yaml.safe_load(after)["config"]["sertantai:postgres"]["volume"] == VOLUME
        assert len(after.splitlines()) - len(text.splitlines()) in (0, 1)


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  sertantai:postgres: {image: postgres,  # a comment\n  }\n",
        "config:\n  a: &a {image: x}\n  sertantai:postgres: *a\n",
        "config: {}\n",
        "- no mapping\n",
        "config: {sertantai:postgres: text}\n",
    ],
)
def test_a_file_that_cannot_be_changed_safely_stays_and_the_line_to_write_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    with pytest.raises(Refused, match=f"then run the same command again:\n  volume: {VOLUME}"):
        changed(tmp_path, text)
    assert file.read_text() == text
