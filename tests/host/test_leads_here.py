"""A certificate is requested only once the name points to the server, and to no other."""

import socket
from argparse import Namespace
from collections.abc import Mapping, Sequence

import pytest

from host import certificate
from host.certbot import Certbot
from host.failure import Failure

HERE = "192.0.2.2"
ASKED = "https://ca.test/dir"
NOT_ASKED = f"a.test: {ASKED} was not asked; the other services continue"


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Sequence[str]]]:
    """The name servers' answers, one a query: addresses by the record's type. The last one stays."""
    looks: list[Mapping[str, Sequence[str]]] = []

    def getaddrinfo(domain: str, port: int, family: socket.AddressFamily) -> list[object]:
        kind = {"AF_INET": "A", "AF_INET6": "AAAA"}[family.name]
        now = looks[0] if kind == "A" or len(looks) == 1 else looks.pop(0)
        if kind not in now:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        # One for each kind of socket, as the C library returns them.
        return [(family, kind, 0, "", (address, port)) for address in now[kind] for kind in ("stream", "datagram")]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(certificate, "POLL_S", 0.05)
    return looks


def refusal(wait_s: int = 0) -> list[str]:
    """Returns the lines of the error, or nothing if the name points here."""
    try:
        certificate.wait_for_record("a.test", HERE, wait_s, ASKED)
    except Failure as failure:
        return str(failure).splitlines()
    return []


def test_a_name_that_points_here_gets_a_certificate(records: list[Mapping[str, Sequence[str]]]) -> None:
    records.append({"A": [HERE]})
    assert refusal() == []


@pytest.mark.parametrize(
    ("addresses", "there"), [([], "nothing"), (["192.0.2.1"], "192.0.2.1"), ([HERE, "192.0.2.1"], f"192.0.2.1 {HERE}")]
)
def test_a_name_that_points_elsewhere_is_refused_with_what_to_do(
    records: list[Mapping[str, Sequence[str]]], addresses: list[str], there: str
) -> None:
    records.append({"A": addresses} if addresses else {})
    assert refusal() == [
        f"a.test: points to {there} and this server is {HERE}: set its A record to that alone, with no proxy or CDN "
        "between, wait for its TTL, and run up again",
        NOT_ASKED,
    ]


@pytest.mark.parametrize("wait_s", [0, 1])
def test_a_name_with_an_aaaa_record_is_refused_with_what_to_do(
    records: list[Mapping[str, Sequence[str]]], wait_s: int
) -> None:
    records.append({"A": [HERE], "AAAA": ["2001:db8::7"]})
    assert refusal(wait_s) == [
        "a.test: its AAAA record points to 2001:db8::7, and this server is reached over IPv4 alone: "
        "remove it, wait for its TTL, and run up again",
        NOT_ASKED,
    ]


def test_it_waits_for_our_own_record(records: list[Mapping[str, Sequence[str]]]) -> None:
    records += [{}, {"A": ["192.0.2.1"]}, {"A": [HERE], "AAAA": ["2001:db8::7"]}, {"A": [HERE]}]
    assert refusal(wait_s=60) == []


def test_if_our_own_record_never_appears_the_error_names_the_registrar(
    records: list[Mapping[str, Sequence[str]]],
) -> None:
    records.append({})
    assert refusal(wait_s=1) == [
        f"a.test: its record was created and after 1 s it still points to nothing, not to {HERE} alone: "
        "is the zone the one that the registrar names?",
        NOT_ASKED,
    ]


@pytest.mark.parametrize(("address", "certified"), [(None, False), (HERE, True)])
def test_no_name_is_looked_up_without_an_address_or_with_a_certificate(
    monkeypatch: pytest.MonkeyPatch, address: str | None, certified: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", None)
    monkeypatch.setattr(Certbot, "has_certificate", lambda self, domain: certified)
    monkeypatch.setattr(Certbot, "request", lambda self, domain: [])
    monkeypatch.setattr(Certbot, "install", lambda self, domain: "issuer=A\n")
    certificate.run(given(address), {"authority": ASKED})
    assert capsys.readouterr().out == "issuer=A\n"


def test_a_refusal_of_the_authority_is_reported_with_certbots_last_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Certbot, "request", lambda self, domain: [f"line {number}" for number in range(30)])
    with pytest.raises(Failure) as failure:
        certificate.run(given(None), {"authority": ASKED})
    first, *lines, last = str(failure.value).splitlines()
    assert first == f"a.test: {ASKED} gave no certificate; it checks http://a.test/.well-known/acme-challenge/"
    assert lines == [f"    line {number}" for number in range(10, 30)]
    assert (
        last == "a.test: the other services continue; fix this (does the name point to this server?) and run up again"
    )


def given(address: str | None) -> Namespace:
    return Namespace(domain="a.test", certbot="certbot", address=address, wait=0)
