"""The one place where secrets are taken out of what a step prints."""

import re
from collections.abc import Iterable
from urllib.parse import unquote

SHORTEST = 4
"""A shorter secret would take ordinary words out of a log."""
LINE_LIMIT = 4000
"""Characters. The command provider waits for ever for the end of a line over 64 KiB."""
URL_PASSWORD = re.compile(r"^[a-z][a-z0-9+.-]*://[^:/@]*:([^@]*)@")


class Mask:
    """Replaces secrets in text, also the passwords in URLs and their decoded forms."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        """`text` without the secrets."""
        return self._pattern.sub("[secret]", text) if self._pattern else text

    def line(self, text: str) -> str:
        """One line of a log: without the secrets, cut, and indented."""
        return f"    {self(text)[:LINE_LIMIT]}"


def _forms(secret: str) -> Iterable[str]:
    for line in (secret, *secret.splitlines()):
        password = URL_PASSWORD.match(line)
        for form in (line, *([password[1]] if password else [])):
            yield from (form, unquote(form))
