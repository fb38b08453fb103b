"""Describes the changes of a step: changed words of its line, a new image, a new setting."""

import difflib
import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - the engine's mark of a special value, such as a secret
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
MAX_LENGTH = 60
NAMES = {"stdin": "its inputs", "interpreter": "its interpreter", "envs": "environment", "create": "its line"}
DRIFTED = "changed by hand"
FINGERPRINT, DRIFT = "FINGERPRINT", "drift-"
"""A fingerprint beside inputs that may be secret, and how it begins after drift. A lost server has none."""


def short_commit(commit: str) -> str:
    """Returns the beginning of a commit, with the end that says it was not clean, such as -dirty."""
    name, dash, more = commit.partition("-")
    return f"{name[:12]}{dash}{more}"


def changes(metadata: Mapping[str, Any], values: str = "inputs") -> list[str]:
    """Returns a step's changes as phrases such as `image app@5f2c1a -> app@91aa02`. `values`: inputs or outputs."""
    old, new = (dict((metadata.get(age) or {}).get(values) or {}) for age in ("old", "new"))
    if not old or not new:
        return []
    # The engine names them in any order, and two previews are compared.
    phrases = [_phrase(name, old.get(name), new.get(name)) for name in sorted(metadata.get("diffs") or [])]
    return list(dict.fromkeys(filter(None, phrases)))


def _phrase(name: str, old: Any, new: Any) -> str:
    label = NAMES.get(name) or re.sub("(?<=[a-z])([A-Z])", r" \1", name).lower()
    if UNKNOWN in json.dumps(new):
        return ""  # an output of a step that has not run yet
    if isinstance(old, Mapping) and isinstance(new, Mapping) and not _is_secret(old) and not _is_secret(new):
        keys = sorted(key for key in {**old, **new} if old.get(key) != new.get(key))
        # The engine hides whether two secrets differ.
        return ", ".join(filter(None, (_phrase(str(key), old.get(key), new.get(key)) for key in keys))) or label
    if not isinstance(old, str | int) or not isinstance(new, str | int):
        return label
    if name == FINGERPRINT:
        before, after = str(old).split(), str(new).split()
        drifted = len(before) == len(after) and any(word.startswith(DRIFT) for word in {*after} - {*before})
        return DRIFTED if drifted else label
    if name == "create":
        return difference(str(old), str(new)) or label
    if name == "stdin":
        return DRIFTED if _only_fingerprint(str(old), str(new)) else label
    longest = MAX_LENGTH
    if "@sha256:" in f"{old}{new}":
        old, new, longest = short_image(str(old)), short_image(str(new)), 2 * MAX_LENGTH
    phrase = f"{label} {old} -> {new}"
    return phrase if len(phrase) <= longest and "\n" not in phrase else label


def difference(old: str, new: str) -> str:
    """Returns the changed words of a step's line, old -> new. Empty if there are too many."""
    try:
        before, after = shlex.split(old), shlex.split(new)
    except ValueError:
        return ""
    phrases = []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        option = f"{before[i - 1]} " if i and before[i - 1].startswith("--") else ""
        left, right = " ".join(before[i:j]), " ".join(after[k:m])
        if tag == "replace":
            phrases.append(f"{option}{left} -> {right}")
        else:
            phrases.append(f"without {option}{left}" if tag == "delete" else f"with {option}{right}")
    text = ", ".join(phrases)
    return text if len(text) <= 2 * MAX_LENGTH and "\n" not in text else ""


def short_image(reference: str) -> str:
    """Returns `app@5f2c1a2b3c4d` for `ghcr.io/owner/app@sha256:5f2c1a2b3c4d...`."""
    name, _, digest = reference.rpartition("/")[2].partition("@sha256:")
    return f"{name}@{digest[:12]}" if digest else name


def _is_secret(value: Mapping[str, Any]) -> bool:
    return SECRET in value


def _only_fingerprint(old: str, new: str) -> bool:
    """Whether only fingerprints differ in a step's inputs: then its settings are equal, and the thing has drifted."""
    try:
        before, after = json.loads(old), json.loads(new)
    except ValueError:
        return False
    if not isinstance(before, dict) or not isinstance(after, dict):
        return False
    names = {name for name in {**before, **after} if before.get(name) != after.get(name)}
    return names != set() and all(name.startswith("fingerprint") for name in names)
