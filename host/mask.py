"""Removes secrets from a step's output: the one place that does it."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

SHORTEST = 4
"""Characters. Shorter lines of a secret are not masked: they occur in any text."""
LINE_LIMIT = 4000
"""Characters. The command provider hangs on a line over 64 KiB."""
IN_AUTHORITY = re.compile(r"(?s)://(?:[^:@/?#]*:)?(.+)@")
IN_QUERY = re.compile(r"[?&]\w*(?:password|secret|token|key)=([^&#]+)")


class Mask:
    """Replaces secrets in text: each line of a secret, and the passwords in secret URLs, encoded and decoded."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for text in (secret, *_passwords(secret)) for form in _lines(text)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        """Returns `text` without the secrets."""
        return self._pattern.sub("[secret]", text) if self._pattern else text

    def line(self, text: str) -> str:
        """Returns a line of a log without the secrets, cut and indented."""
        return f"    {self(text)[:LINE_LIMIT]}"


def _lines(secret: str) -> Iterator[str]:
    for line in re.split(r"[\r\n]", secret):
        if len(line.strip()) >= SHORTEST:
            yield line.strip()


def _passwords(url: str) -> Iterator[str]:
    """Yields all texts that a program may parse as the URL's password, if its characters are not encoded."""
    for match in IN_AUTHORITY.findall(url) + IN_QUERY.findall(url):
        for password in (match, unquote(match)):
            yield password
            yield from (password[: sign.start()] for sign in re.finditer("@", password))
            yield from re.split("[:/?#@]", password)
