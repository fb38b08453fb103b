"""What is different about a step, in words: the old and the new ones of its line, another image, a setting."""

import difflib
import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - the engine's mark of a value that is special, such as a secret
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
MAX_LENGTH = 60
NAMES = {"stdin": "what it reads", "interpreter": "how it is called", "envs": "environment", "create": "its line"}
DRIFTED = "changed by hand"


def changes(metadata: Mapping[str, Any], values: str = "inputs") -> list[str]:
    """Why a step is taken: each is a phrase such as `image app@5f2c1a -> app@91aa02`. `values`: inputs or outputs."""
    old, new = (dict((metadata.get(age) or {}).get(values) or {}) for age in ("old", "new"))
    if not old or not new:
        return []
    phrases = [_phrase(name, old.get(name), new.get(name)) for name in metadata.get("diffs") or []]
    return [phrase for phrase in phrases if phrase]


def _phrase(name: str, old: Any, new: Any) -> str:
    words = NAMES.get(name) or re.sub("(?<=[a-z])([A-Z])", r" \1", name).lower()
    if UNKNOWN in json.dumps(new):
        return ""  # it takes what a step before it makes
    if isinstance(old, Mapping) and isinstance(new, Mapping) and not _is_secret(old) and not _is_secret(new):
        keys = sorted(key for key in {**old, **new} if old.get(key) != new.get(key))
        # Of two secrets the engine does not say that they differ.
        return ", ".join(filter(None, (_phrase(str(key), old.get(key), new.get(key)) for key in keys))) or words
    if not isinstance(old, str | int) or not isinstance(new, str | int):
        return words
    if name == "create":
        return difference(str(old), str(new)) or words
    if name == "stdin":
        return DRIFTED if _only_fingerprint(str(old), str(new)) else words
    if "@sha256:" in f"{old}{new}":
        old, new = _image(str(old)), _image(str(new))
    phrase = f"{words} {old} -> {new}"
    return phrase if len(phrase) <= MAX_LENGTH and "\n" not in phrase else words


def difference(old: str, new: str) -> str:
    """The words of a step's line that changed, old -> new; empty where too much did."""
    try:
        before, after = shlex.split(old), shlex.split(new)
    except ValueError:
        return ""
    phrases = []
    for what, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        option = f"{before[i - 1]} " if i and before[i - 1].startswith("--") else ""
        left, right = " ".join(before[i:j]), " ".join(after[k:m])
        if what == "replace":
            phrases.append(f"{option}{left} -> {right}")
        else:
            phrases.append(f"without {option}{left}" if what == "delete" else f"with {option}{right}")
    text = ", ".join(phrases)
    return text if len(text) <= 2 * MAX_LENGTH and "\n" not in text else ""


def _image(reference: str) -> str:
    """`app@5f2c1a2b3c4d` of `ghcr.io/owner/app@sha256:5f2c1a2b3c4d...`."""
    name, _, digest = reference.rpartition("/")[2].partition("@sha256:")
    return f"{name}@{digest[:12]}" if digest else name


def _is_secret(value: Mapping[str, Any]) -> bool:
    return SECRET in value


def _only_fingerprint(old: str, new: str) -> bool:
    """Whether a step reads the same settings as before, and a fingerprint that somebody's hand has changed."""
    try:
        before, after = json.loads(old), json.loads(new)
    except ValueError:
        return False
    if not isinstance(before, dict) or not isinstance(after, dict):
        return False
    names = {name for name in {**before, **after} if before.get(name) != after.get(name)}
    return names != set() and all(name.startswith("fingerprint") for name in names)
