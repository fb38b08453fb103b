"""The dates of a certificate, which the standard library reads only from a connection that it trusts."""

import time
from base64 import b64decode

from .times import FORMAT

UTC_TIME, VERSION = 0x17, 0xA0
PLACEHOLDER = b"\x0c\x0bplaceholder"
"""The name in the certificates of host/shell/volume/placeholder.sh, as text in UTF-8 with its length."""


class Damaged(ValueError):
    """The text is no certificate."""


def dates(text: str) -> tuple[str, str] | None:
    """Returns from when and until when a certificate is valid, without PEM's first and last line.

    None: it is the placeholder, which no authority has signed. Raises `Damaged`.
    """
    try:
        der = b64decode(text, validate=True)
        if PLACEHOLDER in der:
            return None
        _, at, _ = _element(der, 0)  # the certificate
        _, at, _ = _element(der, at)  # what is signed
        tag, _, end = _element(der, at)
        at = end if tag == VERSION else at
        for _ in ("serial number", "signature's algorithm", "issuer"):
            _, _, at = _element(der, at)
        _, at, _ = _element(der, at)
        first = _element(der, at)
        return _time(der, *first), _time(der, *_element(der, first[2]))
    except (ValueError, IndexError) as error:
        raise Damaged(str(error)) from None


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """Returns an element's tag, and where its content begins and ends."""
    length, begin = der[at + 1], at + 2
    if length & 0x80:
        begin += length & 0x7F
        length = int.from_bytes(der[at + 2 : begin], "big")
    return der[at], begin, begin + length


def _time(der: bytes, tag: int, begin: int, end: int) -> str:
    form = "%y%m%d%H%M%SZ" if tag == UTC_TIME else "%Y%m%d%H%M%SZ"
    return time.strftime(FORMAT, time.strptime(der[begin:end].decode("ascii"), form))
