"""The fixed addresses on the platform's network."""

import ipaddress
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """The fixed addresses, all in the subnet's lower half. Docker assigns addresses from the upper half, `ip_range`."""

    gateway: str
    nginx: str
    postgres: str
    redis: str
    ip_range: str


def backup_name(network: str) -> str:
    """Returns the name of the backup containers' own network. PostgreSQL is in both."""
    return f"{network}_backup"


def addresses(subnet: str) -> Addresses:
    """Returns the addresses in `subnet`, an IPv4 network."""
    network = ipaddress.IPv4Network(subnet)
    lower, upper = network.subnets(prefixlen_diff=1)
    gateway, nginx, postgres, redis = (str(lower[index]) for index in range(1, 5))
    return Addresses(gateway=gateway, nginx=nginx, postgres=postgres, redis=redis, ip_range=str(upper))
