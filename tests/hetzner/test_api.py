"""The double, used by Hetzner's own client."""

import urllib.error
import urllib.request
from typing import Any

import pytest
from hcloud import APIException
from hcloud.firewalls import FirewallRule
from hcloud.images import Image
from hcloud.locations import Location
from hcloud.server_types import ServerType
from hcloud.servers import ServerCreatePublicNetwork
from hcloud.zones import ZoneRecord

from tests.doubles.hetzner.api import Api
from tests.hetzner.client import FSN1, connect, key, order, refusal, serve, store

NBG1, ASH = Location(name="nbg1"), Location(name="ash")
ANYWHERE = ["0.0.0.0/0", "::/0"]


def test_another_token_is_refused(api: Api) -> None:
    with refusal("unauthorized"):
        connect(api, token="x" * 64).servers.get_all()
    assert len(api.token) == 64


def test_a_server_starts_step_by_step(client: Any) -> None:
    made = order(client)
    assert made.server.status == "initializing"
    assert made.action.status == "running"
    assert made.action.progress == 0
    assert [action.command for action in made.next_actions] == ["start_server"]
    assert made.root_password
    made.next_actions[0].wait_until_finished()
    assert client.servers.get_by_id(made.server.id).status == "running"
    assert client.actions.get_by_id(made.action.id).status == "success"


def test_a_server_gets_addresses_that_are_deleted_with_it(api: Api, client: Any) -> None:
    server = serve(client)
    assert server.public_net.ipv4.ip == "192.0.2.10"
    assert server.public_net.ipv6.ip == "2001:db8:0:1::/64"
    server.delete().wait_until_finished()
    assert api.servers == {}
    assert api.primary_ips == {}


def test_a_separate_address_outlives_its_server(api: Api, client: Any) -> None:
    ip = client.primary_ips.create("ipv4", "mine", location=FSN1).primary_ip
    server = serve(client, public_net=ServerCreatePublicNetwork(ipv4=ip, enable_ipv6=False))
    assert server.public_net.ipv4.ip == ip.ip
    assert server.public_net.ipv6 is None
    with refusal("must_be_unassigned"):
        ip.delete()
    with refusal("primary_ip_assigned"):
        order(client, "two", public_net=ServerCreatePublicNetwork(ipv4=ip))
    server.delete().wait_until_finished()
    assert api.primary_ips[ip.id]["assignee_id"] is None


def test_an_address_of_another_location_or_type_is_refused(client: Any) -> None:
    far = client.primary_ips.create("ipv4", "far", location=NBG1).primary_ip
    six = client.primary_ips.create("ipv6", "six", location=FSN1).primary_ip
    with refusal("primary_ip_datacenter_mismatch"):
        order(client, public_net=ServerCreatePublicNetwork(ipv4=far))
    with refusal("primary_ip_version_mismatch"):
        order(client, public_net=ServerCreatePublicNetwork(ipv4=six))


def test_a_server_with_keys_has_no_password_and_a_key_exists_once(client: Any) -> None:
    text = key()
    mine = client.ssh_keys.create("mine", text)
    assert order(client, ssh_keys=[mine]).root_password is None
    assert len(mine.fingerprint.split(":")) == 16
    with refusal("uniqueness_error"):
        client.ssh_keys.create("again", text)


def test_protected_resources_cannot_be_deleted(client: Any) -> None:
    server = serve(client)
    ip = client.primary_ips.create("ipv4", "ip", location=FSN1).primary_ip
    volume = store(client)
    zone = client.zones.get("example.com")
    server.change_protection(delete=True, rebuild=True).wait_until_finished()
    for resource in (ip, volume, zone):
        resource.change_protection(delete=True).wait_until_finished()
    for resource in (server, ip, volume, zone):
        with refusal("protected"):
            resource.delete()
    with refusal("protected"):
        server.rebuild(Image(name="debian-12"))
    with refusal("invalid_input"):
        server.change_protection(delete=False, rebuild=True)


def test_a_limit_of_the_project_is_enforced() -> None:
    with Api(action_s=0.01, limits={"servers": 1, "primary_ips": 2}) as api:
        client = connect(api)
        serve(client)
        with refusal("resource_limit_exceeded"):
            order(client, "two")
        with refusal("resource_limit_exceeded"):
            client.primary_ips.create("ipv4", "third", location=FSN1)


def test_a_name_can_be_used_once(client: Any) -> None:
    serve(client)
    with refusal("uniqueness_error"):
        order(client)
    other = serve(client, "two")
    with refusal("uniqueness_error"):
        other.update(name="one")
    assert other.update(name="two", labels={"a": "b"}).labels == {"a": "b"}


def test_lists_come_in_pages(api: Api, client: Any) -> None:
    for number in range(30):
        client.ssh_keys.create(f"key-{number}", key(), labels={"half": "first" if number < 15 else "second"})
    first = client.ssh_keys.get_list()
    assert len(first.ssh_keys) == 25
    assert (first.meta.pagination.next_page, first.meta.pagination.total_entries) == (2, 30)
    assert [one.name for one in client.ssh_keys.get_all()] == [f"key-{number}" for number in range(30)]
    assert len(client.ssh_keys.get_all(label_selector="half=first")) == 15
    assert client.ssh_keys.get_by_name("key-7").name == "key-7"
    with refusal("invalid_input"):
        client.ssh_keys.get_list(per_page=51)


def test_every_answer_has_the_rate_limit_until_it_is_reached() -> None:
    with Api(rate_limit=3) as api:
        request = urllib.request.Request(f"{api.endpoint}/servers", headers={"Authorization": f"Bearer {api.token}"})
        for left in ("2", "1", "0"):
            with urllib.request.urlopen(request) as answer:
                assert answer.headers["RateLimit-Remaining"] == left
                assert answer.headers["RateLimit-Limit"] == "3"
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request)
        assert error.value.code == 429


def test_a_type_changes_only_while_the_server_is_off(client: Any) -> None:
    server = serve(client, type_name="cx33")
    with refusal("server_not_stopped"):
        server.change_type(ServerType(name="cx43"), upgrade_disk=False)
    server.power_off().wait_until_finished()
    for other in ("cx23", "cax21", "cpx31"):  # a smaller disk, another architecture, not sold there
        with refusal("invalid_server_type"):
            server.change_type(ServerType(name=other), upgrade_disk=False)
    server.change_type(ServerType(name="cx43"), upgrade_disk=False).wait_until_finished()
    server.reload()
    assert (server.server_type.name, server.primary_disk_size, server.status) == ("cx43", 80, "running")


def test_a_location_may_not_offer_a_type_or_have_none_left(api: Api, client: Any) -> None:
    with pytest.raises(APIException, match="unsupported location for server type"):
        order(client, location=ASH)
    with pytest.raises(APIException, match="server type 104 is deprecated"):
        order(client, type_name="cx22")
    api.sold_out.add(("fsn1", "cx23"))
    with refusal("resource_unavailable"):
        order(client)


def test_a_volume_is_attached_to_one_server_at_a_time(api: Api, client: Any) -> None:
    server, volume = serve(client), store(client, format="ext4")
    assert volume.linux_device == f"/dev/disk/by-id/scsi-0HC_Volume_{volume.id}"
    volume.attach(server, automount=False).wait_until_finished()
    assert api.servers[server.id]["volumes"] == [volume.id]
    with refusal("volume_already_attached"):
        volume.attach(server)
    with refusal("resource_in_use"):
        volume.delete()
    with refusal("invalid_input"):
        volume.resize(10)
    volume.resize(20).wait_until_finished()
    server.delete().wait_until_finished()
    assert api.volumes[volume.id]["server"] is None
    volume.delete()


def test_a_server_is_locked_while_a_volume_attaches_late(api: Api, client: Any) -> None:
    server, volume = serve(client), store(client)
    api.delay_attach_s = 2
    action = volume.attach(server)
    with refusal("locked"):
        server.power_off()
    assert api.volumes[volume.id]["server"] is None
    action.wait_until_finished(max_retries=1000)
    assert api.volumes[volume.id]["server"] == server.id


def test_a_firewall_in_use_stays_and_its_rules_are_those_received(api: Api, client: Any) -> None:
    rule = FirewallRule(direction="in", protocol="tcp", port="22", source_ips=ANYWHERE)
    firewall = client.firewalls.create("fw", rules=[rule]).firewall
    server = serve(client, firewalls=[firewall])
    assert server.public_net.firewalls[0].status == "applied"
    with refusal("resource_in_use"):
        firewall.delete()
    for action in firewall.set_rules([rule, FirewallRule(direction="in", protocol="icmp", source_ips=ANYWHERE)]):
        action.wait_until_finished()
    (sent,) = api.sent("POST", f"/firewalls/{firewall.id}/actions/set_rules")
    assert sent is not None
    assert [one["protocol"] for one in sent["rules"]] == ["tcp", "icmp"]
    server.delete().wait_until_finished()
    firewall.delete()


def test_reverse_names_are_set_and_reset(client: Any) -> None:
    server = serve(client)
    v4, v6 = server.public_net.ipv4.ip, "2001:db8:0:1::1"
    server.change_dns_ptr(v4, "one.example.com").wait_until_finished()
    server.change_dns_ptr(v6, "one.example.com").wait_until_finished()
    server.reload()
    assert server.public_net.ipv4.dns_ptr == "one.example.com"
    assert server.public_net.ipv6.dns_ptr == [{"ip": v6, "dns_ptr": "one.example.com"}]
    for ip in (v4, v6):
        server.change_dns_ptr(ip, None)
    server.reload()
    assert server.public_net.ipv4.dns_ptr == "static.10.2.0.192.clients.your-server.de"
    assert server.public_net.ipv6.dns_ptr == []
    with refusal("invalid_input"):
        server.change_dns_ptr("192.0.2.1", "one.example.com")


def test_records_of_a_zone_are_set_protected_and_removed(client: Any) -> None:
    zone = client.zones.get("example.com")
    made = zone.create_rrset(name="www", type="A", ttl=300, records=[ZoneRecord(value="192.0.2.1")])
    made.action.wait_until_finished()
    with refusal("uniqueness_error"):
        zone.create_rrset(name="www", type="A", records=[ZoneRecord(value="192.0.2.2")])
    with refusal("invalid_input"):
        zone.create_rrset(name="www", type="CNAME", records=[ZoneRecord(value="other.example.com.")])
    rrset = zone.get_rrset("www", "A")
    rrset.change_rrset_protection(change=True).wait_until_finished()
    with refusal("protected"):
        rrset.set_rrset_records([ZoneRecord(value="192.0.2.3")])
    rrset.change_rrset_protection(change=False).wait_until_finished()
    rrset.set_rrset_records([ZoneRecord(value="192.0.2.3")]).wait_until_finished()
    assert [record.value for record in zone.get_rrset("www", "A").records] == ["192.0.2.3"]
    rrset.delete_rrset().action.wait_until_finished()
    assert [one.id for one in zone.get_rrset_all()] == ["@/SOA", "@/NS"]
