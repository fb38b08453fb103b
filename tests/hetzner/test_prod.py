"""The production stack in an empty project, on a double of Hetzner: the real command, engine and provider."""

import hashlib
import re
import subprocess
import time
from pathlib import Path

import pytest
from hcloud import Client

from tests.waiting import eventually

from .client import key
from .conftest import ZONE, Cloud, host, project_at
from .stack import Project, service

pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.docker]
DOMAIN = f"legal.{ZONE}"


@pytest.fixture(scope="module")
def prod(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The stack, previewed in an empty project and created."""
    project = project_at(cloud.api, tmp_path_factory.mktemp("prod"), cloud.key, cloud.outside)
    project.change("dns", {"zone": ZONE, "ttl": 300})
    project.change("services/legal/app/volumes", {"files": "/data"})
    project.change("services/legal/app/env", {"FILES": "/data"})
    # As docs/hetzner.md describes it: encrypted in the stack file.
    token = project.environment.pop("HCLOUD_TOKEN")
    assert project.pulumi("config", "set", "--secret", "hcloud:token", token, "--stack", project.stack).ok
    seen = project.preview()
    assert seen.ok, seen.text
    assert {request.method for request in cloud.api.requests} <= {"GET"}
    begun = time.monotonic()
    made = project.up()
    assert made.ok, made.text
    print(f"from nothing: {time.monotonic() - begun:.0f} s")  # noqa: T201
    return project


def address(cloud: Cloud) -> str:
    [server] = cloud.api.servers.values()
    return str(server["public_net"]["ipv4"]["ip"])


def write(cloud: Cloud, prod: Project, name: str) -> None:
    """Posts a row through the site."""
    answer = prod.post(address(cloud), DOMAIN, "/api/items", {"key": name})
    assert answer.status_code == 200, answer.text


def keys(cloud: Cloud, prod: Project) -> set[str]:
    answer = prod.get(address(cloud), DOMAIN, "/api/items").raise_for_status()
    return {row["key"] for row in answer.json()}


def test_from_an_empty_project_the_platform_answers_over_tls_and_the_next_up_changes_nothing(
    cloud: Cloud, prod: Project
) -> None:
    assert prod.get(address(cloud), DOMAIN, "/ready").status_code == 200
    assert prod.get(address(cloud), DOMAIN, "/").status_code == 200
    shape = prod.get(address(cloud), DOMAIN, "/electric/laws?offset=-1")
    assert shape.status_code == 200, shape.text
    again = prod.up()
    assert again.ok, again.text
    assert re.search(r"\d+ unchanged", again.text)
    assert not re.search(r"\d+ changed", again.text)


def test_the_firewall_that_the_api_received_opens_22_80_443_and_icmp(cloud: Cloud, prod: Project) -> None:
    [firewall] = [body for body in cloud.api.sent("POST", "/firewalls") if body]
    rules = {(rule["protocol"], rule.get("port")): rule["source_ips"] for rule in firewall["rules"]}
    everywhere = ["0.0.0.0/0", "::/0"]
    assert rules == {
        ("tcp", "22"): ["203.0.113.0/24"],
        ("tcp", "80"): everywhere,
        ("tcp", "443"): everywhere,
        ("icmp", None): everywhere,
    }
    assert all(rule["direction"] == "in" for rule in firewall["rules"])
    [server] = cloud.api.servers.values()
    assert [each["status"] for each in server["public_net"]["firewalls"]] == ["applied"]


def test_the_servers_name_points_to_its_address_and_back(cloud: Cloud, prod: Project) -> None:
    names = {each["type"]: [name["dns_ptr"] for name in each["dns_ptr"]] for each in cloud.api.primary_ips.values()}
    assert names["ipv4"] == [f"sertantai-hz.{ZONE}"]
    [records] = cloud.api.rrsets.values()
    assert [each["value"] for each in records["sertantai-hz/A"]["records"]] == [address(cloud)]
    assert not [name for name in records if name.endswith("/AAAA")]


def test_the_first_boots_configuration_has_no_secret_but_the_host_key(cloud: Cloud, prod: Project) -> None:
    [user_data] = [body["user_data"] for body in cloud.api.sent("POST", "/servers") if body]
    secrets = [*prod.secrets(), cloud.api.token]
    assert len(secrets) >= 8
    assert not [secret for secret in secrets if secret in user_data]
    assert user_data.count("PRIVATE KEY") == 2  # its begin and its end


def test_no_secret_is_in_a_process_list_or_a_log_during_a_release(cloud: Cloud, prod: Project) -> None:
    prod.change("services/legal/app/env/RELEASE", "watched")
    prod.change("services/legal/electric/restart_generation", 1)
    with cloud.machines.processes(cloud.server_id()) as seen:
        done = prod.up()
    assert done.ok, done.text
    assert [line for line in seen if "docker" in line]
    logs = cloud.machines.log(cloud.server_id()) + prod.ssh("cat /var/log/*.log 2>/dev/null").text + done.text
    for secret in [*prod.secrets(), cloud.api.token]:
        assert not [line for line in seen if secret in line]
        assert secret not in logs


def test_another_network_for_ssh_changes_the_firewall_and_nothing_else(cloud: Cloud, prod: Project) -> None:
    prod.change("host/ssh_allowed_from", ["198.51.100.7/32"])
    assert prod.changes() == {"server-firewall": "update"}
    done = prod.up()
    assert done.ok, done.text
    [firewall] = cloud.api.firewalls.values()
    assert [rule["source_ips"] for rule in firewall["rules"] if rule["port"] == "22"] == [["198.51.100.7/32"]]


def test_the_server_accepts_another_key_and_refuses_a_removed_one(cloud: Cloud, prod: Project, tmp_path: Path) -> None:
    colleague = tmp_path / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", colleague], check=True)
    both = host(cloud.key)["authorized_keys"] | {"colleague": colleague.with_suffix(".pub").read_text().strip()}
    prod.change("host/authorized_keys", both)
    assert prod.changes() == {_key("colleague", both): "create", "server-keys": "update"}
    done = prod.up()
    assert done.ok, done.text
    known = prod.folder / ".sertantai/hz/ssh/known_hosts"
    options = ["-o", f"UserKnownHostsFile={known}", "-o", "HostKeyAlias=sertantai-hz", "-o", "BatchMode=yes"]
    enter = ["ssh", "-F", "none", *options, "-i", str(colleague), f"root@{address(cloud)}", "true"]
    assert subprocess.run(enter, capture_output=True).returncode == 0
    another = key()
    prod.change("host/authorized_keys", both | {"colleague": another})
    rotated = {_key("colleague", both): "delete", _key("colleague", {"colleague": another}): "create"}
    assert prod.changes() == {**rotated, "server-keys": "update"}
    prod.change("host/authorized_keys", host(cloud.key)["authorized_keys"])
    done = prod.up()
    assert done.ok, done.text
    refused = subprocess.run(enter, capture_output=True, text=True)
    assert "Permission denied" in refused.stderr


def test_an_added_service_adds_its_own_parts_and_its_records(cloud: Cloud, prod: Project) -> None:
    prod.change("services/notes", service("notes", 4001))
    changes = prod.changes()
    # Other services may call it, but only its own containers get one more name for nginx's fixed address.
    assert {name.partition("-")[0] for name in changes} == {"notes"}
    assert set(changes.values()) == {"create"}
    done = prod.up()
    assert done.ok, done.text
    assert prod.get(address(cloud), f"notes.{ZONE}", "/ready").status_code == 200
    prod.change("services/notes", None)
    done = prod.up()
    assert done.ok, done.text
    names = {record["name"] for zone in cloud.api.rrsets.values() for record in zone.values()}
    assert "legal" in names
    assert "notes" not in names


def test_another_server_type_is_a_previewed_shutdown_and_start(cloud: Cloud, prod: Project) -> None:
    write(cloud, prod, "before another type")
    cloud.api.starts_after_change_type = False
    prod.change("host/server_type", "cx43")
    changes = prod.changes()
    assert changes.keys() == {"server-off", "server-server", "server-on", "host-reached", "host-ready"}
    assert set(changes.values()) == {"update"}
    begun = time.monotonic()
    done = prod.up()
    assert done.ok, done.text
    print(f"another type: {time.monotonic() - begun:.0f} s")  # noqa: T201
    [server] = cloud.api.servers.values()
    assert (server["server_type"]["name"], server["status"]) == ("cx43", "running")
    sent = [request.path.rpartition("/")[2] for request in cloud.api.requests if request.method == "POST"]
    assert sent.index("shutdown") < sent.index("change_type") < sent.index("poweron", sent.index("change_type"))
    assert "poweroff" not in sent  # which would be a power cut
    eventually(lambda: "before another type" in keys(cloud, prod))
    assert prod.changes() == {}


@pytest.mark.faults
def test_a_server_that_was_switched_off_is_started_by_the_next_up(cloud: Cloud, prod: Project) -> None:
    server = Client(cloud.api.token, api_endpoint=cloud.api.endpoint).servers.get_by_id(cloud.server_id())
    server.shutdown().wait_until_finished()
    assert prod.up().ok
    assert prod.get(address(cloud), DOMAIN, "/ready").status_code == 200
    assert prod.changes() == {}


def test_a_deleted_server_is_created_again_with_its_data_at_the_same_address(cloud: Cloud, prod: Project) -> None:
    before, old = address(cloud), cloud.server_id()
    write(cloud, prod, "before the loss")
    console = Client(cloud.api.token, api_endpoint=cloud.api.endpoint)
    server = console.servers.get_by_id(old)
    server.change_protection(delete=False, rebuild=False).wait_until_finished()
    server.delete().wait_until_finished()
    begun = time.monotonic()
    shown = prod.preview()
    assert shown.ok, shown.text
    assert "host: server" in shown.text
    done = prod.up()
    assert done.ok, done.text
    print(f"the server again, with everything on it: {time.monotonic() - begun:.0f} s")  # noqa: T201
    assert (address(cloud), cloud.server_id() != old) == (before, True)
    assert "before the loss" in keys(cloud, prod)
    assert prod.get(before, DOMAIN, "/electric/laws?offset=-1").status_code == 200
    assert prod.changes() == {}


def test_down_keeps_everything_with_data_and_up_starts_the_rest_again(cloud: Cloud, prod: Project) -> None:
    write(cloud, prod, "before down")
    assert prod.post(address(cloud), DOMAIN, "/api/files/before-down", {}).status_code == 200
    assert prod.ssh("ls /mnt/sertantai/*-legal-files/before-down").ok
    down = prod.cli("down", "--yes")
    assert down.ok, down.text
    assert [volume["server"] for volume in cloud.api.volumes.values()] == [cloud.server_id()]
    back = prod.up()
    assert back.ok, back.text
    assert "before down" in keys(cloud, prod)
    assert prod.get(address(cloud), DOMAIN, "/api/files/").json() == ["before-down"]
    assert prod.changes() == {}


@pytest.mark.faults
def test_a_disk_that_was_detached_by_hand_is_mounted_again(cloud: Cloud, prod: Project) -> None:
    write(cloud, prod, "before detaching")
    assert prod.ssh("docker stop $(docker ps -q) >/dev/null").ok
    [volume] = Client(cloud.api.token, api_endpoint=cloud.api.endpoint).volumes.get_all()
    volume.detach().wait_until_finished()
    corrected = prod.up()
    assert corrected.ok, corrected.text
    assert prod.ssh("mountpoint -q /mnt/sertantai").ok
    assert "before detaching" in keys(cloud, prod)


def test_destroy_leaves_nothing_at_hetzner(cloud: Cloud, prod: Project) -> None:
    gone = prod.cli("destroy", "--yes")
    assert gone.ok, gone.text
    for books in (cloud.api.servers, cloud.api.volumes, cloud.api.primary_ips, cloud.api.firewalls, cloud.api.ssh_keys):
        assert not books
    assert {name for records in cloud.api.rrsets.values() for name in records} <= {"@/SOA", "@/NS"}


def _key(who: str, keys: dict[str, str]) -> str:
    return f"server-key-{who}-{hashlib.sha256(keys[who].split()[1].encode()).hexdigest()[:6]}"
