"""A command changes one setting of a stack file, and nothing else of it."""

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.refused import Refused
from cli.stack import stack_edit
from tests.places import ROOT

VOLUME = "sertantai-prod-postgres-20261124T031500Z"
DIGEST = f"ghcr.io/owner/legal@sha256:{'a' * 64}"
BLOCK = """config:
  # who may log in
  sertantai:host: {kind: local}
  sertantai:postgres:
    image: postgres:16   # by digest in prod
    memory_mb: 4096
    # the end of the block
  sertantai:nginx: {image: nginx}   # the gateway
"""
FLOW = """config:
  sertantai:postgres: {image: "postgres:16", memory_mb: 4096}  # by digest in prod
  sertantai:nginx: {image: nginx}
"""
LINES = """config:
  sertantai:postgres: {
    image: "postgres:16",
    memory_mb: 4096,  # of 8192
  }
"""
SERVICES = """config:
  'sertantai:services':
    "legal":
      app: &app
        image: &image "ghcr.io/owner/legal:1"   # the newest
        port: 4000
        stopped:
          - app
        motto: >-
          two
          lines
      frontend: {image: 'ghcr.io/owner/site:1', port: 3000}
      electric:
    hub:
      app:
        image: *image
    auth:
      app: *app
    data:
      app:
        <<: *app
        port: 4001
encryptionsalt: v1:abc
"""


def changed(tmp_path: Path, text: str, path: tuple[str, ...] = ("postgres", "volume"), value: Any = VOLUME) -> str:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_bytes(text.encode())
    stack_edit.set_value(file, path, value)
    return file.read_bytes().decode()


def services(text: str) -> Any:
    return yaml.safe_load(text)["config"]["sertantai:services"]


@pytest.mark.parametrize("text", [BLOCK, FLOW, LINES, FLOW.replace(", memory_mb: 4096", ", volume: old  ")])
def test_the_value_is_set_and_everything_else_means_the_same(tmp_path: Path, text: str) -> None:
    before, after = yaml.safe_load(text), yaml.safe_load(changed(tmp_path, text))
    assert after["config"]["sertantai:postgres"].pop("volume") == VOLUME
    before["config"]["sertantai:postgres"].pop("volume", None)
    assert after == before


def test_every_line_and_comment_stays_in_its_place(tmp_path: Path) -> None:
    lines = changed(tmp_path, BLOCK).splitlines()
    assert f"    volume: {VOLUME}" in lines
    assert [line for line in lines if "volume" not in line] == BLOCK.splitlines()


def test_a_second_change_changes_the_value_alone(tmp_path: Path) -> None:
    once = changed(tmp_path, BLOCK)
    assert changed(tmp_path, once.replace(VOLUME, "sertantai-prod-postgres  # of 2025")) == once.replace(
        VOLUME, f"{VOLUME}  # of 2025"
    )


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_every_image_of_the_projects_own_stack_files_can_be_changed(tmp_path: Path, stack: str) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
    assert len(changed(tmp_path, text).splitlines()) - len(text.splitlines()) in (0, 1)
    for name, service in services(text).items():
        for part in {"app", "frontend", "electric"} & service.keys():
            after = changed(tmp_path, text, ("services", name, part, "image"), DIGEST)
            assert services(after)[name][part]["image"] == DIGEST
            changed_lines = [new for new, old in zip(after.splitlines(), text.splitlines(), strict=True) if new != old]
            assert len(changed_lines) == 1


def test_quotes_stay_as_they_are(tmp_path: Path) -> None:
    after = changed(tmp_path, SERVICES, ("services", "legal", "frontend", "image"), DIGEST)
    assert after == SERVICES.replace("ghcr.io/owner/site:1", DIGEST)


@pytest.mark.parametrize("text", ['"plain"', "'plain'", "plain", '"plain"   # why'])
def test_quotes_in_a_block_stay_as_they_are(tmp_path: Path, text: str) -> None:
    block = "config:\n  sertantai:postgres:\n    volume: {}\n"
    assert changed(tmp_path, block.format(text)) == block.format(text.replace("plain", VOLUME))


def test_an_alias_is_replaced_where_it_stands(tmp_path: Path) -> None:
    assert changed(tmp_path, SERVICES, ("services", "hub", "app", "image"), DIGEST) == SERVICES.replace(
        "*image", DIGEST
    )


def test_a_key_that_comes_by_a_merge_is_overridden(tmp_path: Path) -> None:
    after = changed(tmp_path, SERVICES, ("services", "data", "app", "image"), DIGEST)
    assert after == SERVICES.replace("port: 4001\n", f"port: 4001\n        image: {DIGEST}\n")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("legal", "electric", "stream_id"), "legal"),
        (("legal", "frontend", "health"), {"path": "/", "tool": "curl"}),
        (("hub", "stopped"), ["app"]),
        (("hub", "frontend", "restart_generation"), 1),
        (("hub", "app", "image"), "yes"),
    ],
)
def test_values_of_all_kinds_keep_their_type(tmp_path: Path, path: tuple[str, ...], value: object) -> None:
    block = services(changed(tmp_path, SERVICES, ("services", *path), value))
    for key in path:
        block = block[key]
    assert block == value


def test_an_anchor_that_two_services_share_is_not_changed_and_the_other_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        Refused, match=r"services/legal/app/port: .* services/auth/app/port would change too"
    ) as refused:
        changed(tmp_path, SERVICES, ("services", "legal", "app", "port"), 4009)
    assert "into the block sertantai:services/legal/app by hand" in str(refused.value)
    assert str(refused.value).endswith("\n  port: 4009")
    assert (tmp_path / "Pulumi.prod.yaml").read_text() == SERVICES


@pytest.mark.parametrize("path", [("auth", "app", "port"), ("legal", "app", "port", "deeper")])
def test_nothing_is_written_below_an_alias_or_a_value(tmp_path: Path, path: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="only a person can change"):
        changed(tmp_path, SERVICES, ("services", *path), 4009)


def test_a_key_of_another_project_is_named_in_full(tmp_path: Path) -> None:
    after = yaml.safe_load(changed(tmp_path, BLOCK, ("hcloud:token",), "x"))["config"]
    assert (after["hcloud:token"], after["sertantai:host"]) == ("x", {"kind": "local"})


def test_line_endings_and_the_files_mode_stay(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.touch(mode=0o600)
    after = changed(tmp_path, BLOCK.replace("\n", "\r\n"))
    assert after.count("\r\n") == after.count("\n") == len(BLOCK.splitlines()) + 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_file_without_a_last_newline_can_be_changed(tmp_path: Path) -> None:
    text = "config:\n  sertantai:postgres:\n    image: postgres:16 # last"
    assert changed(tmp_path, text) == f"{text}\n    volume: {VOLUME}\n"


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  a: &a {image: x}\n  sertantai:postgres: *a\n",
        "config: []\n",
        "- no mapping\n",
        "config: {sertantai:postgres: text}\n",
        "config:\n  sertantai:postgres: {image: x}\n  sertantai:postgres: {image: y}\n",
        "config:\n  sertantai:postgres:\n    volume:\n      # why\n      - a  # b\n      - c\n",
        "config: {\n",
    ],
)
def test_a_file_that_cannot_be_changed_safely_stays_and_the_line_to_write_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    with pytest.raises(Refused, match=f"then run the same command again:\n  volume: {VOLUME}"):
        changed(tmp_path, text)
    assert file.read_text() == text


def added(tmp_path: Path, text: str, name: str = "notes") -> str:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(text)
    stack_edit.add_block(file, ("services", name), "domain: notes.example.org\napp:\n  image: notes:1  # new\n")
    return file.read_text()


def test_a_block_is_added_after_the_others_with_its_comments(tmp_path: Path) -> None:
    block = "    notes:\n      domain: notes.example.org\n      app:\n        image: notes:1  # new\n"
    assert added(tmp_path, SERVICES) == SERVICES.replace("encryptionsalt", f"{block}encryptionsalt")


@pytest.mark.parametrize("text", [BLOCK, "config: {}\n", "config:\n  sertantai:services:\n"])
def test_a_block_can_be_the_first_of_its_kind(tmp_path: Path, text: str) -> None:
    assert services(added(tmp_path, text)) == {"notes": {"domain": "notes.example.org", "app": {"image": "notes:1"}}}


def test_a_block_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"services/hub: .* has this block already"):
        added(tmp_path, SERVICES, "hub")
    assert (tmp_path / "Pulumi.prod.yaml").read_text() == SERVICES
