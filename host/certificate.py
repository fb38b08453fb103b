"""certificate: a domain gets its certificate from the authority. Renewal is certbot's own.

Safe to run again: one that is not due stays.
"""

import argparse
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

from .certbot import Certbot
from .failure import Failure
from .mask import Mask

LOOK_S = 5
SHOWN = 20
ACME_PATH = "/.well-known/acme-challenge/"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("domain")
    parser.add_argument("--certbot", required=True, help="its container")
    parser.add_argument("--address", help="the server's; without it, where the name leads to is not checked")
    parser.add_argument("--wait", type=int, default=0, help="seconds for a record that was only just made")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Prints who issued it, and when. Stdin: `authority`, its directory's URL."""
    certbot, domain, authority = Certbot(given.certbot), given.domain, told["authority"]
    if given.address and not certbot.has(domain):
        wait_until_it_leads_here(domain, given.address, given.wait, authority)
    if words := certbot.ask(domain):
        lines = [
            f"{domain}: {authority} gave no certificate; it was asked over http://{domain}{ACME_PATH}",
            *map(Mask([]).line, words[-SHOWN:]),
            f"{domain}: the other services go on; mend it (does the name lead to this server?) and run up again",
        ]
        raise Failure("\n".join(lines))
    print(certbot.install(domain), end="")


def wait_until_it_leads_here(domain: str, address: str, wait_s: int, authority: str) -> None:
    """Returns once a name leads to `address` and nowhere else.

    An authority counts what fails against the name, so it is not asked before. Of several addresses it chooses one, and
    IPv6 first.
    """
    end = time.monotonic() + wait_s
    while True:
        leads_to, over_ipv6 = " ".join(_addresses(domain, "AF_INET")), " ".join(_addresses(domain, "AF_INET6"))
        if leads_to == address and not over_ipv6:
            return
        if time.monotonic() >= end:
            problems = [f"{domain}: {problem}" for problem in _problems(leads_to, over_ipv6, address, wait_s)]
            raise Failure("\n".join([*problems, f"{domain}: {authority} was not asked; the other services go on"]))
        time.sleep(LOOK_S)


def _problems(leads_to: str, over_ipv6: str, address: str, wait_s: int) -> Iterator[str]:
    if over_ipv6:
        yield (
            f"its AAAA record leads to {over_ipv6}, and this server is reached over IPv4 alone: "
            "remove it, wait for its TTL, and run up again"
        )
    if leads_to == address:
        return
    if wait_s:
        yield (
            f"its record is made and after {wait_s} s it still leads to {leads_to or 'nothing'}, "
            f"not to {address} alone: is the zone the one that the registrar names?"
        )
    else:
        yield (
            f"leads to {leads_to or 'nothing'} and this server is {address}: set its A record to that alone, "
            "with no proxy or CDN between, wait for its TTL, and run up again"
        )


def _addresses(domain: str, family: str) -> list[str]:
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(domain, 80, socket.AddressFamily[family])})
    except socket.gaierror:
        return []
