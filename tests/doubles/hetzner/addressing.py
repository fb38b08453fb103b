"""Public addresses of a project: IPv4 from one network, IPv6 as /64 networks from the range for documentation."""

import ipaddress
from collections.abc import Container
from itertools import count

DOCUMENTATION = ipaddress.IPv6Network("2001:db8::/32")


class Addresses:
    """Assigns addresses. A released one is assigned again last."""

    def __init__(self, ipv4_network: str, first_host: int) -> None:
        self._network = ipaddress.IPv4Network(ipv4_network)
        self._first = first_host
        self._last_given = first_host - 1
        self._ipv6 = count(1)

    def ipv4(self, used: Container[str]) -> str:
        hosts = range(self._first, self._network.num_addresses - 1)
        for step in range(len(hosts)):
            host = self._first + (self._last_given + 1 - self._first + step) % len(hosts)
            address = str(self._network[host])
            if address not in used:
                self._last_given = host
                return address
        raise LookupError(f"no address left in {self._network}")

    def ipv6(self) -> str:
        base = int(DOCUMENTATION.network_address) + (next(self._ipv6) << 64)
        return f"{ipaddress.IPv6Address(base)}/64"


def contains(network_or_address: str, address: str) -> bool:
    """Whether an address is this one or is in this network."""
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network_or_address)
    except ValueError:
        return False


def default_pointer(address: str) -> str:
    """Returns the reverse name that an IPv4 address has at Hetzner by default."""
    return f"static.{'.'.join(reversed(address.split('.')))}.clients.your-server.de"
