"""The only reader of stack files, without a Pulumi run."""

from pathlib import Path

import pytest

from settings import Mistakes, StackFile
from settings.stack_file import read_all

TEXT = """
config:
  sertantai:host: {kind: local}
  sertantai:registry_token: {secure: v1:abc}
  hcloud:token: {secure: v1:def}
  sertantai:services: wrong
"""


def write(folder: Path, text: str, stack: str = "test") -> Path:
    file = folder / f"Pulumi.{stack}.yaml"
    file.write_text(text)
    return file


def read(folder: Path, text: str) -> StackFile:
    return StackFile.read("test", write(folder, text))


def test_a_stack_file_separates_project_values_and_project_secrets(tmp_path: Path) -> None:
    stack = read(tmp_path, TEXT)
    assert stack.values["hcloud:token"] == "v1:def"
    assert stack.encrypted == ("sertantai:registry_token", "hcloud:token")
    assert stack.project_values() == {"host": {"kind": "local"}, "registry_token": "v1:abc", "services": "wrong"}
    assert stack.project_secrets() == {"registry_token"}
    assert stack.setting("dns") == {}
    assert stack.setting("services") == "wrong"
    assert stack.block("services") == {}


@pytest.mark.parametrize(("host", "local"), [("{kind: local}", True), ("{kind: ssh}", False), ("local", False)])
def test_a_stack_is_local_if_its_host_is_this_machine(tmp_path: Path, host: str, local: bool) -> None:
    assert read(tmp_path, f"config: {{'sertantai:host': {host}}}").is_local is local


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("config: [", "is not YAML: see line 1"),
        ("config:\n  a: hidden: b", "is not YAML: see line 2"),
        ("config:\n  a: {b: 1, b: hidden}", "has a key twice in one block: see line 2"),
        ("", "config is missing: put the stack's settings under it"),
        ("- config", "config is missing: put the stack's settings under it"),
        ("config: text", "config is missing: put the stack's settings under it"),
    ],
)
def test_a_file_without_settings_is_a_mistake_in_one_line_without_its_text(
    tmp_path: Path, text: str, mistake: str
) -> None:
    with pytest.raises(Mistakes) as caught:
        read(tmp_path, text)
    assert caught.value.lines == [f"{tmp_path}/Pulumi.test.yaml: {mistake}"]


def test_a_file_that_is_no_text_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.test.yaml"
    file.write_bytes(b"config: \xff\xfe")
    with pytest.raises(Mistakes, match="is not YAML"):
        StackFile.read("test", file)


def test_a_missing_file_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match=r"Pulumi\.test\.yaml: cannot be read: No such file"):
        StackFile.read("test", tmp_path / "Pulumi.test.yaml")


def test_an_unreadable_file_does_not_hide_the_others(tmp_path: Path) -> None:
    write(tmp_path, TEXT)
    write(tmp_path, "config: [", "broken")
    assert [stack.name for stack in read_all(tmp_path)] == ["test"]


def test_a_key_of_an_anchor_may_be_written_again(tmp_path: Path) -> None:
    text = "config:\n  a: &one {b: 1, c: {d: 2}}\n  e: &two {<<: *one, b: 2}\n  f: {<<: *two, c: 3}"
    assert read(tmp_path, text).values["f"] == {"b": 2, "c": 3}
