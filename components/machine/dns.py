"""The DNS records of a domain."""

from collections.abc import Sequence

import pulumi
from pulumi import Input, ResourceOptions

from settings import Dns


def records(
    name: str, domain: str, address: Input[str], *, dns: Dns | None, parent: pulumi.Resource
) -> Sequence[pulumi.Resource]:
    """Declares the A record of a domain in our zone. Records in other zones are only checked.

    There is no AAAA record: the containers' network has no IPv6, so each client would have the address of Docker's
    bridge.
    """
    if not dns or not is_within(domain, dns):
        return []
    # Imported here: it is slow to import.
    import pulumi_hcloud as hcloud

    return [
        hcloud.ZoneRrset(
            f"{name}-a",
            zone=dns.zone,
            name=domain.removesuffix(dns.zone).rstrip(".") or "@",
            type="A",
            ttl=dns.ttl,
            records=[hcloud.ZoneRrsetRecordArgs(value=address)],
            opts=ResourceOptions(parent=parent, delete_before_replace=True),
        )
    ]


def is_within(domain: str, dns: Dns) -> bool:
    """Whether the domain is the zone itself or below it."""
    return f".{domain}".endswith(f".{dns.zone}")
