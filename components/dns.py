"""The records by which the world finds a domain."""

from collections.abc import Sequence

import pulumi
import pulumi_hcloud as hcloud
from pulumi import Input, ResourceOptions

from settings import Dns


def records(
    name: str, domain: str, dns: Dns | None, ipv4: Input[str], ipv6: Input[str] | None, parent: pulumi.Resource
) -> Sequence[pulumi.Resource]:
    """A, and with IPv6 AAAA, of a domain in our zone. Those of another zone are checked, not made."""
    if not dns or not is_within(domain, dns):
        return []
    addresses = {"A": ipv4} | ({"AAAA": ipv6} if ipv6 is not None else {})
    return [
        hcloud.ZoneRrset(
            f"{name}-{kind.lower()}",
            zone=dns.zone,
            name=domain.removesuffix(dns.zone).rstrip(".") or "@",
            type=kind,
            ttl=dns.ttl,
            records=[hcloud.ZoneRrsetRecordArgs(value=address)],
            opts=ResourceOptions(parent=parent, delete_before_replace=True),
        )
        for kind, address in addresses.items()
    ]


def is_within(domain: str, dns: Dns) -> bool:
    """Whether the domain is the zone itself or below it."""
    return f".{domain}".endswith(f".{dns.zone}")
