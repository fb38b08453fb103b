"""The production stack's declarations for Hetzner pass the field checks of the API's double."""

import json
import re
from typing import Any

import pytest
import yaml

from host import verbs
from rehearsal import Resource
from tests.components.declared import COMMAND, CONTAINER, ROOT, VOLUME, Program, plain, services
from tests.doubles.hetzner import fields

# The collections of the API, by the provider's types.
COLLECTIONS = {
    "hcloud:index/sshKey:SshKey": "ssh_keys",
    "hcloud:index/firewall:Firewall": "firewalls",
    "hcloud:index/primaryIp:PrimaryIp": "primary_ips",
    "hcloud:index/volume:Volume": "volumes",
    "hcloud:index/server:Server": "servers",
    "hcloud:index/zoneRrset:ZoneRrset": "rrsets",
}
# Inputs that the provider does not send, or sends in separate requests.
PROVIDERS_OWN = {
    "deleteProtection",
    "rebuildProtection",
    "shutdownBeforeDeletion",
    "backups",
    "allowDeprecatedImages",
    "ignoreRemoteFirewallIds",
    "keepDisk",
    "zone",
}


@pytest.fixture(scope="module")
def program() -> Program:
    return Program.of("prod", dns={"zone": "sertantai.com", "ttl": 300})


def body(resource: Resource) -> dict[str, Any]:
    """Returns the provider's request for a resource's inputs."""
    sent = {
        re.sub("([A-Z])", r"_\1", name).lower(): plain(value)
        for name, value in resource.inputs.items()
        if name not in PROVIDERS_OWN
    }
    match COLLECTIONS[resource.type]:
        case "firewalls":
            sent["rules"] = [
                {re.sub("([A-Z])", r"_\1", name).lower(): value for name, value in rule.items()}
                for rule in sent["rules"]
            ]
        case "servers":
            [net] = sent.pop("public_nets")
            sent["public_net"] = {"enable_ipv4": True, "enable_ipv6": True, "ipv4": net["ipv4"], "ipv6": net["ipv6"]}
            sent["firewalls"] = [{"firewall": number} for number in sent.pop("firewall_ids")]
        case "primary_ips":
            sent["assignee_type"] = "server"
    return sent


def test_hetzner_accepts_every_declared_input(program: Program) -> None:
    asked = [resource for resource in program if resource.type in COLLECTIONS]
    assert {resource.type for resource in asked} == set(COLLECTIONS)
    for resource in asked:
        assert fields.check(COLLECTIONS[resource.type], body(resource)) == [], resource.name


def test_an_input_that_hetzner_refuses_is_found(program: Program) -> None:
    firewall = body(program.named("hcloud:index/firewall:Firewall", "server-firewall"))
    firewall["rules"][0]["source_ips"] = ["203.0.113.7/24"]
    assert [field for field, _ in fields.check("firewalls", firewall)]


def test_the_firewall_opens_22_to_operators_and_80_443_and_icmp_to_all(program: Program) -> None:
    rules = program.named("hcloud:index/firewall:Firewall", "server-firewall").inputs["rules"]
    everywhere = ["0.0.0.0/0", "::/0"]
    assert [(rule["protocol"], rule.get("port"), rule["sourceIps"]) for rule in rules] == [
        ("tcp", "22", ["203.0.113.0/24"]),
        ("tcp", "80", everywhere),
        ("tcp", "443", everywhere),
        ("icmp", None, everywhere),
    ]


def test_every_volume_lies_on_the_disk_that_outlives_the_server(program: Program) -> None:
    for volume in program.all(VOLUME):
        place = f"/mnt/sertantai/{volume.inputs['name']}"
        assert volume.inputs["driverOpts"] == {"type": "none", "o": "bind", "device": place}
        assert program.step(f"{volume.name}-folder").urn in program.after(volume)


def test_only_replaceable_data_is_removed_from_that_disk(program: Program) -> None:
    for volume in program.all(VOLUME):
        removes = "delete" in program.step(f"{volume.name}-folder").inputs
        assert removes != bool(volume.options.get("protect") or volume.options.get("retain_on_delete"))


def test_docker_is_not_used_before_the_server_is_ready(program: Program) -> None:
    ready = program.step("host-ready").urn
    provider = program.named("pulumi:providers:docker", "docker")
    assert ready in program.after(provider)
    for resource in program:
        if resource.type.startswith("docker:"):
            assert ready in program.after(resource), resource.name


def test_the_server_has_the_program_before_the_first_step_that_calls_it(program: Program) -> None:
    installed = program.step("host-program")
    assert program.step("server-booted").urn in program.after(installed)
    known = {*verbs.READS, *verbs.CHANGES}
    calls = [step for step in program.all(COMMAND) if step.inputs["create"].split()[0] in known]
    assert {"server-settings", "server-mount", "postgres-data-folder"} <= {step.name for step in calls}
    for step in calls:
        assert installed.urn in program.after(step), step.name


def test_a_server_that_is_created_again_gets_the_program_again(program: Program) -> None:
    server = program.named("hcloud:index/server:Server", "server-server")
    for name in ("server-booted", "host-program", "server-settings", "server-keys", "server-mount", "host-ready"):
        assert program.step(name).inputs["environment"]["SERVER"] == server.id, name


def test_a_change_of_the_first_boots_configuration_never_replaces_a_server(program: Program) -> None:
    server = program.named("hcloud:index/server:Server", "server-server")
    assert set(server.options["ignore_changes"]) == {"userData", "sshKeys", "image", "publicNets"}
    assert {name for name in ("deleteProtection", "rebuildProtection", "backups") if server.inputs[name]} == {
        "deleteProtection",
        "rebuildProtection",
        "backups",
    }


def test_the_time_of_a_reboot_is_a_setting_and_by_default_after_the_nights_jobs() -> None:
    host = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]["sertantai:host"]
    later = Program.of("prod", host=host | {"reboot_at": "23:15"})
    for program, time in ((Program.of("prod"), "05:30"), (later, "23:15")):
        inputs = json.loads(program.step("server-settings").inputs["stdin"])
        [upgrades] = [file["content"] for file in inputs["files"] if file["path"].endswith("52sertantai-upgrades")]
        assert f'Automatic-Reboot-Time "{time}";' in upgrades


def test_records_are_created_before_a_certificate_is_requested(program: Program) -> None:
    records = [each for each in program if each.type == "hcloud:index/zoneRrset:ZoneRrset"]
    assert {(each.inputs["name"], each.inputs["type"]) for each in records if each.name.startswith("legal")} == {
        ("legal", "A"),
    }
    authority = program.step("legal-certificate-authority")
    assert {each.urn for each in records if each.name.startswith("legal")} <= program.after(authority)
    assert authority.inputs["create"].endswith(" --wait 300")
    assert " --wait" not in Program.of("prod").step("legal-certificate-authority").inputs["create"]


def test_no_client_is_served_over_ipv6(program: Program) -> None:
    published = {port.get("ip") for each in program.all(CONTAINER) for port in each.inputs.get("ports") or []}
    assert published == {"0.0.0.0"}
    assert {each.inputs["type"] for each in program.all("hcloud:index/zoneRrset:ZoneRrset")} == {"A"}
    assert [each.name for each in program.all("hcloud:index/rdns:Rdns")] == ["server-ipv4-name"]


def test_without_a_zone_no_record_is_created() -> None:
    assert not [each for each in Program.of("prod") if each.type == "hcloud:index/zoneRrset:ZoneRrset"]


def test_the_token_is_in_no_text_of_a_step(program: Program) -> None:
    for name in ("server-off", "server-on"):
        step = program.step(name)
        assert "hcloud" not in str(step.inputs.get("environment", ""))
        assert plain(step.inputs["stdin"]).startswith("to-be-filled-in")
        assert "to-be-filled-in" not in str(step.inputs["create"])


def test_steps_and_resources_are_named_alike_on_every_kind_of_host() -> None:
    def names(program: Program) -> set[str]:
        return {each.name for each in program if each.type == COMMAND and each.name.startswith("legal-")}

    blocks = services("prod")
    blocks["legal"]["app"].pop("volumes", None)  # the local stack has none
    local, prod = names(Program.of("local")), names(Program.of("prod", services=blocks))
    assert {name for name in prod if not name.endswith("-folder")} == local
