"""Which fields the double accepts and which it refuses."""

from typing import Any

import pytest

from tests.doubles.hetzner import fields
from tests.doubles.hetzner.api import Api
from tests.hetzner.client import FSN1, connect, key, refusal


def server(**changes: object) -> dict[str, object]:
    return {"name": "one", "server_type": "cx23", "image": "debian-13", "location": "fsn1", **changes}


def rule(**changes: object) -> dict[str, object]:
    return {"rules": [{"direction": "in", "protocol": "tcp", "port": "22", "source_ips": ["0.0.0.0/0"], **changes}]}


def record(kind: str, *values: str, **changes: object) -> dict[str, object]:
    return {"name": "www", "type": kind, "records": [{"value": value} for value in values], **changes}


ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("servers", server(user_data="x" * 32768, labels={"example.com/a": "", "b": "c"})),
    ("servers", server(name="a.example.com", location=None)),
    ("firewalls", {"name": "fw", **rule(port="1-65535", source_ips=["10.0.0.0/8", "2001:db8::/32"])}),
    ("firewalls", {"name": "fw", **rule(protocol="icmp", port=None)}),
    ("volumes", {"name": "data", "size": 10.0, "location": "fsn1", "format": "ext4"}),
    ("primary_ips", {"name": "ip", "type": "ipv6", "location": "hel1", "auto_delete": False}),
    ("rrsets", record("A", "192.0.2.1", name="@", ttl=60)),
    ("rrsets", record("TXT", '"v=spf1 -all"', name="_dmarc.app")),
    ("rrsets", record("CAA", '0 issue "letsencrypt.org"', name="*")),
    ("zones", {"name": "example.com", "mode": "primary"}),
]

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("servers", {"server_type": "cx23", "image": "debian-13"}, "name"),
    ("servers", server(name="one_two"), "name"),
    ("servers", server(name="-one"), "name"),
    ("servers", server(name=7), "name"),
    ("servers", server(image="debian-99"), "image"),
    ("servers", server(server_type="cx99"), "server_type"),
    ("servers", server(location="ash"), "location"),
    ("servers", server(location="mars"), "location"),
    ("servers", server(datacenter="fsn1-dc14"), "datacenter"),
    ("servers", server(user_data="x" * 32769), "user_data"),
    ("servers", server(labels={"-a": "b"}), "labels"),
    ("servers", server(labels={"a": "b c"}), "labels"),
    ("servers", server(labels={"a": 1}), "labels"),
    ("servers", server(labels={"a": "x" * 64}), "labels"),
    ("servers", server(labels={"hetzner.cloud/a": "b"}), "labels"),
    ("servers", server(automount=True), "automount"),
    ("servers", server(volumes=["data"]), "volumes"),
    ("servers", server(public_net={"ipv4": 1, "enable_ipv4": False}), "public_net.ipv4"),
    ("servers", server(firewalls=[{"id": 1}]), "firewalls.firewall"),
    ("ssh_keys", {"name": "mine", "public_key": "ssh-ed25519 AAAA me"}, "public_key"),
    ("ssh_keys", {"name": "mine", "public_key": "hello"}, "public_key"),
    ("ssh_keys", {"name": "", "public_key": key()}, "name"),
    ("firewalls", {"name": "fw", **rule(port=None)}, "rules.0.port"),
    ("firewalls", {"name": "fw", **rule(protocol="icmp")}, "rules.0.port"),
    ("firewalls", {"name": "fw", **rule(port="0")}, "rules.0.port"),
    ("firewalls", {"name": "fw", **rule(port="80-22")}, "rules.0.port"),
    ("firewalls", {"name": "fw", **rule(port=22)}, "rules.0.port"),
    ("firewalls", {"name": "fw", **rule(source_ips=[])}, "rules.0.source_ips"),
    ("firewalls", {"name": "fw", **rule(source_ips=["10.0.0.1/8"])}, "rules.0.source_ips"),
    ("firewalls", {"name": "fw", **rule(source_ips=["10.0.0.1"])}, "rules.0.source_ips"),
    ("firewalls", {"name": "fw", **rule(direction="inwards")}, "rules.0.direction"),
    ("firewalls", {"name": "fw", "rules": rule()["rules"] * 51}, "rules"),  # type: ignore[operator]
    ("primary_ips", {"name": "ip", "type": "ipv4"}, "location"),
    (
        "primary_ips",
        {"name": "ip", "type": "ipv4", "location": "fsn1", "assignee_id": 1, "assignee_type": "server"},
        "location",
    ),
    ("primary_ips", {"name": "ip", "type": "ipv5", "location": "fsn1"}, "type"),
    ("primary_ips", {"name": "ip", "type": "ipv4", "datacenter": "fsn1-dc14"}, "datacenter"),
    ("volumes", {"name": "data", "size": 9, "location": "fsn1"}, "size"),
    ("volumes", {"name": "data", "size": 10241, "location": "fsn1"}, "size"),
    ("volumes", {"name": "data", "size": "10", "location": "fsn1"}, "size"),
    ("volumes", {"name": "data", "size": 10, "location": "fsn1", "server": 1}, "location"),
    ("volumes", {"name": "data", "size": 10, "location": "fsn1", "format": "btrfs"}, "format"),
    ("volumes", {"name": "data", "size": 10, "location": "fsn1", "automount": True}, "automount"),
    ("volumes", {"name": "my data", "size": 10, "location": "fsn1"}, "name"),
    ("zones", {"name": "Example.com", "mode": "primary"}, "name"),
    ("zones", {"name": "example.com", "mode": "primary", "ttl": 59}, "ttl"),
    ("rrsets", record("A", "2001:db8::1"), "records.0.value"),
    ("rrsets", record("AAAA", "192.0.2.1"), "records.0.value"),
    ("rrsets", record("A"), "records"),
    ("rrsets", record("A", "192.0.2.1", "192.0.2.1"), "records"),
    ("rrsets", record("A", "192.0.2.1", ttl=59), "ttl"),
    ("rrsets", record("A", "192.0.2.1", name="WWW"), "name"),
    ("rrsets", record("A", "192.0.2.1", name="www."), "name"),
    ("rrsets", record("TXT", "unquoted"), "records.0.value"),
    ("rrsets", record("MX", "mail.example.com."), "records.0.value"),
    ("rrsets", record("SPF", '"v=spf1"'), "type"),
]


@pytest.mark.parametrize(("kind", "body"), ACCEPTED)
def test_valid_fields_are_accepted(kind: str, body: dict[str, Any]) -> None:
    assert fields.check(kind, body) == []


@pytest.mark.parametrize(("kind", "body", "field"), REFUSED)
def test_invalid_fields_are_named(kind: str, body: dict[str, Any], field: str) -> None:
    assert {name for name, _ in fields.check(kind, body)} == {field}


def test_a_request_gets_all_its_invalid_fields() -> None:
    with Api() as api, refusal("invalid_input") as error:
        connect(api).volumes.create(5, "my data", location=FSN1, format="btrfs")
    assert {field["name"] for field in error.value.details["fields"]} == {"name", "size", "format"}
