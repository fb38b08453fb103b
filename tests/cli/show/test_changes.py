"""The words for a step's differences."""

from typing import Any

import pytest

from cli.show.changes import SECRET, UNKNOWN, changes

HIDDEN = {SECRET: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}

BACKEND = "ghcr.io/owner/sertantai-legal-backend"


def said(name: str, old: Any, new: Any) -> list[str]:
    return changes({"old": {"inputs": {name: old}}, "new": {"inputs": {name: new}}, "diffs": [name]})


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("create", "gate a a-1 --timeout 60", "gate a a-2 --timeout 90", ["a-1 -> a-2, --timeout 60 -> 90"]),
        ("create", "migrate prod auth", "migrate prod auth --lock 10", ["with --lock 10"]),
        ("create", "mount /a --wait 120", "mount /a", ["without --wait 120"]),
        ("create", "gate a", UNKNOWN, []),
        ("image", "ghcr.io/o/app@sha256:" + "5" * 64, "ghcr.io/o/app@sha256:" + "9" * 64,
         ["image app@555555555555 -> app@999999999999"]),
        ("name", f"{BACKEND}@sha256:{'5' * 64}", f"{BACKEND}@sha256:{'9' * 64}",
         ["name sertantai-legal-backend@555555555555 -> sertantai-legal-backend@999999999999"]),
        ("memory", 512, 1024, ["memory 512 -> 1024"]),
        ("environment", {"GENERATION": "1", "A": "x"}, {"GENERATION": "2", "A": "x"}, ["generation 1 -> 2"]),
        ("stdin", '{"authority": "a", "fingerprint": "1"}', '{"authority": "a", "fingerprint": "2"}',
         ["changed by hand"]),
        ("stdin", '{"authority": "a"}', '{"authority": "b"}', ["its inputs"]),
        ("stdin", HIDDEN, HIDDEN, ["its inputs"]),
        ("envs", HIDDEN, HIDDEN, ["environment"]),
        ("environment", {"FINGERPRINT": "a none"}, {"FINGERPRINT": "a drift-1"}, ["changed by hand"]),
        ("environment", {"FINGERPRINT": "drift-1"}, {"FINGERPRINT": "drift-2"}, ["changed by hand"]),
        ("environment", {"FINGERPRINT": "drift-1"}, {"FINGERPRINT": "drift-1 none"}, ["fingerprint"]),  # one more login
        ("environment", {"FINGERPRINT": "drift-1 none"}, {"FINGERPRINT": "drift-1"}, ["fingerprint"]),
        ("environment", {"FINGERPRINT": "drift-1 none"}, {"FINGERPRINT": "drift-1 b"}, ["fingerprint"]),
        ("environment", {"FINGERPRINT": "drift-1"}, {"FINGERPRINT": "none"}, ["fingerprint"]),  # the server is new
        ("environment", {"NGINX": "a"}, {"NGINX": "a", "FINGERPRINT": "drift-1"}, ["fingerprint"]),  # an older step
        ("capabilities", {"drops": ["ALL"]}, {"drops": ["NONE"]}, ["drops"]),
        ("keepLocally", True, False, ["keep locally True -> False"]),
        ("upload", "a" * 100, "b", ["upload"]),
    ],
)  # fmt: skip
def test_a_change_is_shown_as_old_to_new(name: str, old: Any, new: Any, words: list[str]) -> None:
    assert said(name, old, new) == words


def test_a_new_or_removed_step_is_not_compared() -> None:
    assert changes({"old": None, "new": {"inputs": {"a": 1}}, "diffs": ["a"]}) == []
