"""Which container has which address."""

import ipaddress

import pytest

from render.network import Addresses, addresses


def test_each_platform_container_has_its_address() -> None:
    assert addresses("172.30.0.0/24") == Addresses(
        gateway="172.30.0.1", nginx="172.30.0.2", postgres="172.30.0.3", redis="172.30.0.4", ip_range="172.30.0.128/25"
    )


@pytest.mark.parametrize("subnet", ["10.0.0.0/16", "192.168.7.64/26"])
def test_docker_never_assigns_a_fixed_address(subnet: str) -> None:
    given = addresses(subnet)
    network, given_out = ipaddress.ip_network(subnet), ipaddress.ip_network(given.ip_range)
    fixed = [ipaddress.ip_address(text) for text in (given.gateway, given.nginx, given.postgres, given.redis)]
    assert len(set(fixed)) == 4
    assert all(address in network and address not in given_out for address in fixed)
    assert given_out.num_addresses == network.num_addresses // 2
    assert network.network_address not in fixed
