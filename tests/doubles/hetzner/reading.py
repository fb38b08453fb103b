"""Reads the fields of a request's body and collects every mistake."""

import re
from collections.abc import Collection
from typing import Any

Json = dict[str, Any]
Mistake = tuple[str, str]

# The rules of hcloud-go's ValidateResourceLabels.
LABEL_KEY = re.compile(
    r"([a-z0-9A-Z]([\-_.a-z0-9A-Z]{0,251}[a-z0-9A-Z])?/)?[a-z0-9A-Z]([\-_.a-z0-9A-Z]{0,61}[a-z0-9A-Z])?"
)
LABEL_VALUE = re.compile(r"([a-z0-9A-Z]([\-_.a-z0-9A-Z]{0,61}[a-z0-9A-Z])?)?")
HOST_LABEL = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
HOSTNAME = re.compile(rf"(?=.{{1,253}}$){HOST_LABEL}(\.{HOST_LABEL})*")


def whole(value: object) -> bool:
    """Whether a value is an integer, or a float for one, from a protocol without integers."""
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


class Fields:
    """The fields of one body. Each reader returns the value, or None if it is missing or invalid."""

    def __init__(self, body: Json, within: str = "") -> None:
        self.body = body
        self.within = within
        self.mistakes: list[Mistake] = []

    def wrong(self, name: str, message: str) -> None:
        self.mistakes.append((self.within + name, message))

    def given(self, name: str) -> bool:
        return self.body.get(name) is not None

    def _value(self, name: str, required: bool) -> Any:
        if not self.given(name) and required:
            self.wrong(name, "Missing data for required field.")
        return self.body.get(name)

    def text(
        self,
        name: str,
        *,
        required: bool = False,
        longest: int | None = None,
        pattern: re.Pattern[str] | None = None,
        hint: str = "is not valid",
        choices: Collection[str] = (),
    ) -> str | None:
        value = self._value(name, required)
        if value is None:
            return None
        if not isinstance(value, str):
            self.wrong(name, "Not a valid string.")
        elif required and not value:
            self.wrong(name, "must not be empty")
        elif choices and value not in choices:
            self.wrong(name, f"Must be one of: {', '.join(sorted(choices))}.")
        elif longest is not None and len(value) > longest:
            self.wrong(name, f"is too long: at most {longest} characters")
        elif pattern and not pattern.fullmatch(value):
            self.wrong(name, hint)
        else:
            return value
        return None

    def number(
        self, name: str, *, required: bool = False, low: int | None = None, high: int | None = None
    ) -> int | None:
        value = self._value(name, required)
        if value is None:
            return None
        if not whole(value):
            self.wrong(name, "Not a valid integer.")
        elif (low is not None and value < low) or (high is not None and value > high):
            self.wrong(name, f"Must be between {low} and {high}.")
        else:
            return int(value)
        return None

    def flag(self, name: str, *, required: bool = False) -> bool | None:
        value = self._value(name, required)
        if value is not None and not isinstance(value, bool):
            self.wrong(name, "Not a valid boolean.")
            return None
        return value

    def reference(self, name: str, *, required: bool = False) -> int | str | None:
        """An ID or a name."""
        value = self._value(name, required)
        if value is None or (isinstance(value, str) and value):
            return value
        if whole(value):
            return int(value)
        self.wrong(name, "Must be an ID or a name.")
        return None

    def items(self, name: str, kind: type, *, required: bool = False, most: int | None = None) -> list[Any]:
        """A list whose members are all of one JSON type."""
        value = self._value(name, required)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(name, "Not a valid list.")
        elif not all(whole(item) if kind is int else isinstance(item, kind) for item in value):
            self.wrong(name, f"Every entry must be of type {kind.__name__}.")
        elif most is not None and len(value) > most:
            self.wrong(name, f"must not have more than {most} entries")
        else:
            return value
        return []

    def nested(self, name: str) -> Json | None:
        value = self.body.get(name)
        if value is not None and not isinstance(value, dict):
            self.wrong(name, "Not a valid object.")
            return None
        return value

    def labels(self) -> None:
        for key, value in (self.nested("labels") or {}).items():
            if not LABEL_KEY.fullmatch(key) or key.startswith("hetzner.cloud/"):
                self.wrong("labels", f"label key '{key}' is not correctly formatted")
            if not isinstance(value, str) or not LABEL_VALUE.fullmatch(value):
                self.wrong("labels", f"label value '{value}' (key: {key}) is not correctly formatted")
