"""The one place where secrets are taken out of what a step prints."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

SHORTEST = 4
"""Shorter lines of a secret stay: they are in everything."""
LINE_LIMIT = 4000
"""Characters. The command provider waits for ever for the end of a line over 64 KiB."""
IN_AUTHORITY = re.compile(r"(?s)://(?:[^:@/?#]*:)?(.+)@")
IN_QUERY = re.compile(r"[?&]\w*(?:password|secret|token|key)=([^&#]+)")


class Mask:
    """Replaces secrets in text: every line of their values, and in those that are URLs the password, also decoded."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for text in (secret, *_passwords(secret)) for form in _lines(text)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        """`text` without the secrets."""
        return self._pattern.sub("[secret]", text) if self._pattern else text

    def line(self, text: str) -> str:
        """One line of a log: without the secrets, cut, and indented."""
        return f"    {self(text)[:LINE_LIMIT]}"


def _lines(secret: str) -> Iterator[str]:
    for line in re.split(r"[\r\n]", secret):
        if len(line.strip()) >= SHORTEST:
            yield line.strip()


def _passwords(url: str) -> Iterator[str]:
    """What a program may take for the password: where its characters are not encoded, some end at another place."""
    for found in IN_AUTHORITY.findall(url) + IN_QUERY.findall(url):
        for password in (found, unquote(found)):
            yield password
            yield from (password[: at.start()] for at in re.finditer("@", password))
            yield from re.split("[:/?#@]", password)
