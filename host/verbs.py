"""The verbs by name, and how they are called."""

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TextIO

from . import (
    base,
    certificate,
    cutover,
    detach,
    fingerprints,
    gate,
    images,
    network,
    network_remove,
    nothing,
    placeholder,
    ports,
    ready,
    retire,
    site_remove,
    switch,
    take_out,
)


class Verb(Protocol):
    """A module with one verb."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares the words of the verb's line."""

    def run(self, given: argparse.Namespace, told: Mapping[str, Any]) -> None:
        """Does it: `given` are the words, `told` the JSON of stdin. A `Failure` says what went wrong."""


ASKS: dict[str, Verb] = {"fingerprints": fingerprints, "gate": gate, "nothing": nothing, "ports": ports, "ready": ready}
"""They change nothing, so they end with their caller."""

CHANGES: dict[str, Verb] = {
    "base": base,
    "certificate": certificate,
    "cutover": cutover,
    "network": network,
    "network-remove": network_remove,
    "placeholder": placeholder,
    "prune-images": images,
    "retire": retire,
    "site-remove": site_remove,
    "switch": switch,
    "take-out": take_out,
}
"""They come to their end, even if the caller is gone."""


def run(words: Sequence[str], stdin: TextIO) -> int:
    """Calls the verb that `words` name; its exit code."""
    parser = argparse.ArgumentParser(prog="sertantai-host", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, verb in {**ASKS, **CHANGES}.items():
        verb.arguments(verbs.add_parser(name, description=verb.__doc__))
    given = parser.parse_args(words)
    told = json.loads((not stdin.isatty() and stdin.read()) or "{}")
    if given.verb in CHANGES:
        return detach.run(lambda: CHANGES[given.verb].run(given, told))
    ASKS[given.verb].run(given, told)
    return 0
