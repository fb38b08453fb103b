"""Two owners of tests never collide on this machine, and none chooses its own place."""

import itertools
import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from local import doubles
from tests.places import OWNERS, ROOT, RUNS, Place, local

EVERY = [Place(owner, run) for owner in OWNERS for run in range(RUNS)]
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
# Only texts are compared: nothing listens there except in containers without a port on this machine.
ONLY_READ = {"settings", "render", "host", "components", "cli", "throwaway"}
OF_ITS_OWN = re.compile(
    r"(localhost|127\.0\.0\.1)(:|\W{2,4})\d{4,5}"
    r"|(?i:port|registry|acme|http|bind).*\b([5-9]|[1-5]\d)_?\d{3}\b"
    r"|\b(10|172|192\.168)(\.\d{1,3}){2,3}/[12]\d"
)


def test_no_two_owners_share_a_port_a_subnet_a_name_or_a_folder() -> None:
    taken = [port for place in EVERY for port in place.ports]
    stack = local()
    directory = doubles.port(stack["acme"]["directory_url"])
    taken += [doubles.port(stack["registry"]["server"]), *(directory + n for n in range(len(doubles.ACME_PORTS)))]
    taken += [stack["nginx"][name] for name in ("http_port", "https_port")]
    assert len(taken) == len(set(taken))
    assert len({place.name for place in EVERY}) == len({place.folder for place in EVERY}) == len(EVERY)
    subnets = [subnet for place in EVERY for subnet in place.subnets]
    for one, other in itertools.combinations([*subnets, ip_network(stack["network"]["subnet"])], 2):
        assert not one.overlaps(other), (one, other)


def test_everything_derived_from_a_place_stays_in_it() -> None:
    for place in EVERY:
        derived = [place.ports[0], place.ports[1], doubles.port(place.registry), place.ports[8], place.ports[9]]
        derived += [place.acme + offset for offset in range(len(doubles.ACME_PORTS))]
        assert len(derived) == len(set(derived))
        assert set(derived) <= set(place.ports)
        assert [place.dns, place.dns_management] == derived[-2:]


def test_the_kernel_assigns_none_of_the_ports_to_a_connection() -> None:
    first = int(EPHEMERAL.read_text().split()[0])
    assert max(port for place in EVERY for port in place.ports) < first


def test_no_file_chooses_its_own_port_or_subnet() -> None:
    here = ROOT / "tests"
    of_its_own = [
        f"{file}:{number}: {line.strip()}"
        for file in here.rglob("*.py")
        if file.relative_to(here).parts[0] not in ONLY_READ and file.name not in ("places.py", Path(__file__).name)
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if OF_ITS_OWN.search(line)
    ]
    assert not of_its_own, "take it from tests/places.py"


def test_a_run_or_an_owner_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="E2E_NUMBER=10: must be 0 to 9"):
        Place("far", RUNS)
    with pytest.raises(ValueError, match="elsewhere: tests have places for"):
        Place("elsewhere")
