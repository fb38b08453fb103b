"""The records by which the world finds a domain."""

from collections.abc import Sequence

import pulumi
import pulumi_hcloud as hcloud
from pulumi import ResourceOptions

from settings import Dns

from .host import Host


def records(
    name: str, domain: str, dns: Dns | None, host: Host, has_ipv6: bool, parent: pulumi.Resource
) -> Sequence[pulumi.Resource]:
    """A, and with IPv6 AAAA, of a domain in our zone. Those of another zone are checked, not made."""
    if not dns or not is_within(domain, dns):
        return []
    addresses = {"A": host.public} | ({"AAAA": host.public_ipv6} if has_ipv6 and host.public_ipv6 is not None else {})
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
