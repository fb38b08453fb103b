"""certificate: request a domain's certificate from the authority. certbot renews it by itself.

Safe to run again: a certificate that is not due for renewal stays.
"""

import argparse
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

from .certbot import Certbot
from .failure import Failure
from .mask import Mask

POLL_S = 5
SHOWN = 20
ACME_PATH = "/.well-known/acme-challenge/"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("domain")
    parser.add_argument("--certbot", required=True, help="its container")
    parser.add_argument("--address", help="the server's; without it, the domain's records are not checked")
    parser.add_argument("--wait", type=int, default=0, help="seconds to wait for a new record")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints the certificate's issuer and start date. Stdin: `authority`, the URL of its directory."""
    certbot, domain, authority = Certbot(args.certbot), args.domain, inputs["authority"]
    if args.address and not certbot.has_certificate(domain):
        wait_for_record(domain, args.address, args.wait, authority)
    if output := certbot.request(domain):
        lines = [
            f"{domain}: {authority} gave no certificate; it checks http://{domain}{ACME_PATH}",
            *map(Mask([]).line, output[-SHOWN:]),
            f"{domain}: the other services continue; fix this (does the name point to this server?) and run up again",
        ]
        raise Failure("\n".join(lines))
    print(certbot.install(domain), end="")


def wait_for_record(domain: str, address: str, wait_s: int, authority: str) -> None:
    """Returns once a name's only record points to `address`.

    The authority is not asked before: it limits failed requests for a name. Of several addresses it uses one, IPv6
    first.
    """
    end = time.monotonic() + wait_s
    while True:
        ipv4, ipv6 = " ".join(_addresses(domain, "AF_INET")), " ".join(_addresses(domain, "AF_INET6"))
        if ipv4 == address and not ipv6:
            return
        if time.monotonic() >= end:
            problems = [f"{domain}: {problem}" for problem in _problems(ipv4, ipv6, address, wait_s)]
            raise Failure("\n".join([*problems, f"{domain}: {authority} was not asked; the other services continue"]))
        time.sleep(POLL_S)


def _problems(ipv4: str, ipv6: str, address: str, wait_s: int) -> Iterator[str]:
    if ipv6:
        yield (
            f"its AAAA record points to {ipv6}, and this server is reached over IPv4 alone: "
            "remove it, wait for its TTL, and run up again"
        )
    if ipv4 == address:
        return
    if wait_s:
        yield (
            f"its record was created and after {wait_s} s it still points to {ipv4 or 'nothing'}, "
            f"not to {address} alone: is the zone the one that the registrar names?"
        )
    else:
        yield (
            f"points to {ipv4 or 'nothing'} and this server is {address}: set its A record to that alone, "
            "with no proxy or CDN between, wait for its TTL, and run up again"
        )


def _addresses(domain: str, family: str) -> list[str]:
    try:
        return sorted({str(entry[4][0]) for entry in socket.getaddrinfo(domain, 80, socket.AddressFamily[family])})
    except socket.gaierror:
        return []
