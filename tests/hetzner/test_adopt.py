"""Existing resources at Hetzner are imported instead of created, and stay unchanged until `adopt` is removed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hcloud.locations import Location
from hcloud.servers import ServerCreatePublicNetwork

from tests.doubles.hetzner.api import Api
from tests.e2e.runner import has_engine

from .client import connect, order
from .conftest import NOBODY, ZONE, is_made, on_paper
from .stack import Outside, Project

pytestmark = [pytest.mark.engine, pytest.mark.docker]
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA"
NBG1 = Location(name="nbg1")


@dataclass
class Grown:
    """An existing server, with its addresses and its volume."""

    api: Api
    project: Project
    client: Any

    def found(self) -> dict[str, Any]:
        """Returns everything that the API stores about it."""
        books = (self.api.servers, self.api.volumes, self.api.primary_ips)
        return {str(number): {**each} for book in books for number, each in book.items()}


@pytest.fixture
def grown(outside: Outside, key: Path, tmp_path: Path) -> Iterator[Grown]:
    if not has_engine():
        pytest.skip("no Pulumi CLI")
    with Api(ipv4_network=NOBODY, zone_names=[ZONE]) as api:
        client = connect(api)
        addresses = {
            kind: client.primary_ips.create(kind, f"old-{kind}", location=NBG1, assignee_type="server").primary_ip
            for kind in ("ipv4", "ipv6")
        }
        network = ServerCreatePublicNetwork(ipv4=addresses["ipv4"], ipv6=addresses["ipv6"])
        made = order(client, "old-server", "cx33", location=NBG1, public_net=network)
        for action in [made.action, *made.next_actions]:
            action.wait_until_finished()
        volume = client.volumes.create(20, "old-data", server=made.server, format="ext4")
        for action in [volume.action, *volume.next_actions]:
            action.wait_until_finished()
        project = on_paper(api, tmp_path, key, outside)
        project.change("host/host_key", HOST_KEY)
        project.change("host/volume_size", 20)
        project.change(
            "host/adopt",
            {
                "server_id": made.server.id,
                "primary_ipv4_id": addresses["ipv4"].id,
                "primary_ipv6_id": addresses["ipv6"].id,
                "volume_id": volume.volume.id,
            },
        )
        yield Grown(api, project, client)


def test_a_server_is_imported_unchanged_and_settings_apply_once_adopt_is_removed(grown: Grown) -> None:
    before = grown.found()
    imported = grown.project.up()
    assert is_made(imported), imported.text
    assert grown.found() == before
    again = grown.project.up()
    assert is_made(again), again.text
    assert grown.found() == before

    grown.project.change("host/adopt", None)
    applied = grown.project.up()
    assert is_made(applied), applied.text
    [server] = grown.api.servers.values()
    assert (server["name"], server["protection"]["delete"]) == ("sertantai-hz", True)
    assert [each["status"] for each in server["public_net"]["firewalls"]] == ["applied"]
    assert grown.found().keys() == before.keys()
    assert {each["name"] for each in grown.api.volumes.values()} == {"sertantai-hz-data"}
    done = [request.path.rpartition("/")[2] for request in grown.api.requests if request.method in ("POST", "DELETE")]
    assert not {"poweroff", "shutdown", "unassign", "change_type", "detach"} & set(done)
