"""What Hetzner accepts as the rules of a firewall."""

import ipaddress
import re

from tests.doubles.hetzner.reading import Fields, Json

PORT = re.compile(r"(\d{1,5})(-(\d{1,5}))?")
MOST_RULES = 50
MOST_NETWORKS = 100


def check_rules(fields: Fields, *, required: bool = False) -> None:
    for number, rule in enumerate(fields.items("rules", dict, required=required, most=MOST_RULES)):
        read = Fields(rule, within=f"rules.{number}.")
        _check_rule(read)
        fields.mistakes += read.mistakes


def _check_rule(rule: Fields) -> None:
    direction = rule.text("direction", required=True, choices=("in", "out"))
    protocol = rule.text("protocol", required=True, choices=("tcp", "udp", "icmp", "esp", "gre"))
    rule.text("description", longest=255)
    _check_port(rule, protocol)
    _check_networks(rule, "source_ips", required=direction == "in")
    _check_networks(rule, "destination_ips", required=direction == "out")
    if direction == "in" and rule.body.get("destination_ips"):
        rule.wrong("destination_ips", "must be empty for direction in")
    if direction == "out" and rule.body.get("source_ips"):
        rule.wrong("source_ips", "must be empty for direction out")


def _check_port(rule: Fields, protocol: str | None) -> None:
    port = rule.text("port")
    if protocol in ("tcp", "udp") and not rule.given("port"):
        rule.wrong("port", f"is required for protocol {protocol}")
    elif protocol in ("icmp", "esp", "gre") and rule.given("port"):
        rule.wrong("port", f"must not be set for protocol {protocol}")
    elif port is not None:
        match = PORT.fullmatch(port)
        low, high = (int(match[1]), int(match[3] or match[1])) if match else (0, 0)
        if not 1 <= low <= high <= 65535:
            rule.wrong("port", "must be a port or a range of ports from 1 to 65535")


def _check_networks(rule: Fields, name: str, *, required: bool) -> None:
    networks = rule.items(name, str, most=MOST_NETWORKS)
    if required and not rule.body.get(name):
        rule.wrong(name, "Missing data for required field.")
    for network in networks:
        try:
            if "/" not in network:
                raise ValueError
            ipaddress.ip_network(network)
        except ValueError:
            rule.wrong(name, f"'{network}' is not a network in CIDR notation without host bits")


def stored(rule: Json) -> Json:
    """Returns a rule as the API answers it: with every field, and IPv6 networks in their canonical form."""
    return {
        "direction": rule["direction"],
        "protocol": rule["protocol"],
        "port": rule.get("port"),
        "description": rule.get("description"),
        "source_ips": [str(ipaddress.ip_network(network)) for network in rule.get("source_ips") or []],
        "destination_ips": [str(ipaddress.ip_network(network)) for network in rule.get("destination_ips") or []],
    }
