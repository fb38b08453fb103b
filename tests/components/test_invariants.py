"""Rules for everything that the program declares, on both committed stacks."""

from collections.abc import Iterator

import pytest

from components.machine import host_program
from rehearsal import Resource, Secret
from tests.components.declared import (
    COMMAND,
    CONTAINER,
    IMAGE,
    PASSWORD,
    PROVIDER,
    VOLUME,
    Program,
    plain,
    secret_values,
)
from tests.doubles.recording import declare

STACKS = ["local", "prod"]
GATEWAY = "nginx-server"
BACKUP = {"repository": {"kind": "local"}}
ALERTS = {"webhook_url": "https://alerts.example.org/hidden-word", "heartbeat_url": None}


@pytest.fixture(params=STACKS, scope="module")
def program(request: pytest.FixtureRequest) -> Program:
    return Program.of(request.param)


def released(program: Program) -> Iterator[Resource]:
    return (container for container in program.all(CONTAINER) if program.service_of(container) != "platform")


def fixed(program: Program) -> Iterator[Resource]:
    return (container for container in program.all(CONTAINER) if program.service_of(container) == "platform")


def test_only_the_gateway_publishes_ports(program: Program) -> None:
    assert {container.name for container in program.all(CONTAINER) if container.inputs.get("ports")} == {GATEWAY}


def test_the_gateways_temporary_files_cannot_take_its_memory(program: Program) -> None:
    [gateway] = [container for container in program.all(CONTAINER) if container.name == GATEWAY]
    sizes = [int(options.removeprefix("size=").removesuffix("m")) for options in gateway.inputs["tmpfs"].values()]
    assert sum(sizes) < gateway.inputs["memory"] / 8


def test_a_changed_script_replaces_neither_the_gateway_nor_certbot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = {resource.name: resource.inputs for resource in declare("local")}
    monkeypatch.setattr(host_program, "scripts_digest", lambda folder: "another")
    after = {resource.name: resource.inputs for resource in declare("local")}
    assert [name for name in after if after[name] != before[name]] == ["nginx-base"]


def test_only_certbot_is_on_the_hosts_network(program: Program) -> None:
    on_host = {container.name for container in program.all(CONTAINER) if container.inputs.get("networkMode")}
    assert on_host == {"certbot-server"}


def test_everything_with_the_platforms_data_is_protected(program: Program) -> None:
    protected = {resource.name for resource in program if resource.options.get("protect")}
    holding = {"postgres-data", "redis-data", "certbot-certificates", "postgres-password"}
    if program.stack == "prod":
        holding |= {"server-server", "server-ipv4", "server-ipv6", "server-data", "server-host-key"}
    assert protected == holding


def test_nothing_of_one_service_is_protected(program: Program) -> None:
    for service in program.services:
        assert not [resource.name for resource in program.below(service) if resource.options.get("protect")]


def test_no_secret_is_in_any_command_text(program: Program) -> None:
    secrets = secret_values(program)
    assert len(secrets) > 8
    for command in program.all(COMMAND):
        for key in ("create", "update", "delete", "environment", "interpreter", "triggers"):
            value = command.inputs.get(key)
            assert not isinstance(value, Secret), f"{command.name}/{key}"
            assert not [secret for secret in secrets if secret in str(value)], f"{command.name}/{key}"


def test_a_secret_is_marked_secret_in_every_input(program: Program) -> None:
    secrets = secret_values(program)
    for resource in program:
        for key, value in resource.inputs.items():
            if not isinstance(value, Secret):
                assert not [secret for secret in secrets if secret in str(value)], f"{resource.name}/{key}"


def test_drift_shows_also_where_the_engine_hides_a_steps_inputs() -> None:
    # What drifts on a server is not known before it exists.
    program = Program.of("local", backup=BACKUP, alerts=ALERTS, secrets={"registry_token": "token"})
    hidden = [
        step
        for step in program.all(COMMAND)
        if isinstance(stdin := step.inputs.get("stdin"), Secret) and '"fingerprint' in stdin.value
    ]
    shared = {"backup-role", "watch-alerts"}
    assert {"legal-site-switch", "legal-database-sql", "legal-cutover", *shared} <= {step.name for step in hidden}
    assert [step.name for step in hidden if step.inputs["environment"].get("FINGERPRINT") is None] == []


def test_no_secret_is_in_a_label_or_a_containers_command(program: Program) -> None:
    for container in program.all(CONTAINER):
        for key in ("labels", "command", "entrypoints", "healthcheck"):
            assert not isinstance(container.inputs.get(key), Secret), f"{container.name}/{key}"


def test_only_a_step_whose_delete_removes_the_old_thing_is_replaced(program: Program) -> None:
    triggers = {step.name: step.inputs["triggers"] for step in program.all(COMMAND) if step.inputs.get("triggers")}
    create_first = [step.name for step in program.all(COMMAND) if not step.options.get("delete_before_replace")]
    steps = ("network-bridge", "backup-network-bridge")
    bridges = [step for step in program.all(COMMAND) if step.name in steps]
    networks = {step.name: [step.inputs["delete"].split()[1]] for step in bridges}
    connected = [step for step in program.all(COMMAND) if step.inputs["create"].startswith("connect ")]
    containers = {step.name: [step.inputs["create"].split()[2]] for step in connected}
    assert triggers == networks | containers
    assert sorted(create_first) == sorted(triggers)


def test_a_released_container_starts_next_to_the_old_one_and_pulumi_retains_it(program: Program) -> None:
    for container in released(program):
        assert container.options["delete_before_replace"] is False, container.name
        assert container.options["retain_on_delete"] is True, container.name
        assert container.options["replace_on_changes"] == ["*"], container.name
        assert "name" not in container.inputs, container.name


def test_a_released_container_has_no_alias_that_would_receive_traffic_before_its_gate(program: Program) -> None:
    for container in released(program):
        assert [network.get("aliases") for network in container.inputs["networksAdvanced"]] == [None]


def test_an_old_platform_container_stops_with_grace_before_the_new_one_starts(program: Program) -> None:
    for container in fixed(program):
        assert container.options["delete_before_replace"] is True, container.name
        assert container.inputs["name"] == f"sertantai-{program.stack}-{program.part_of(container)}"
        assert container.inputs["destroyGraceSeconds"] >= 10, container.name
    grace = {program.part_of(container): container.inputs["destroyGraceSeconds"] for container in fixed(program)}
    assert grace["postgres"] >= 90


def test_every_container_runs_its_image_by_digest(program: Program) -> None:
    """One that the host has built has no registry, and is named by its ID."""
    built = {image.outputs["imageId"] for image in program.all(IMAGE) if "build" in image.inputs}
    for container in program.all(CONTAINER):
        image = container.inputs["image"]
        assert "@sha256:" in image or image in built, container.name


def test_every_image_is_pulled_by_digest_and_kept(program: Program) -> None:
    for image in program.all(IMAGE):
        assert ("@sha256:" in image.inputs["name"]) != ("build" in image.inputs)
        assert ":latest@" not in image.inputs["name"]
        assert image.inputs["keepLocally"] is True


def test_every_container_has_its_memory_limited_and_no_swap(program: Program) -> None:
    for container in program.all(CONTAINER):
        assert container.inputs["memory"] == container.inputs["memorySwap"] > 0, container.name


def test_every_container_has_a_health_check_restarts_and_rotates_its_log(program: Program) -> None:
    for container in program.all(CONTAINER):
        assert container.inputs["healthcheck"]["tests"][0] == "CMD", container.name
        assert container.inputs["restart"] == "unless-stopped", container.name
        assert container.inputs["logDriver"] == "json-file", container.name
        assert container.inputs["logOpts"] == {"max-size": "10m", "max-file": "3"}, container.name


def test_every_container_has_no_more_privileges_than_it_needs(program: Program) -> None:
    for container in program.all(CONTAINER):
        assert container.inputs["securityOpts"] == ["no-new-privileges"], container.name
        assert container.inputs["capabilities"]["drops"] == ["ALL"], container.name
    adds = {container.name: container.inputs["capabilities"].get("adds", []) for container in released(program)}
    assert not [name for name, capabilities in adds.items() if capabilities]


def test_the_platforms_own_containers_have_a_read_only_root(program: Program) -> None:
    assert not [container.name for container in fixed(program) if container.inputs["readOnly"] is not True]


def test_every_container_is_labelled_with_stack_service_and_part(program: Program) -> None:
    for container in program.all(CONTAINER):
        labels = {label["label"]: label["value"] for label in container.inputs["labels"]}
        assert labels["sertantai.stack"] == program.stack
        assert labels["sertantai.service"] in {"platform", *program.services}
        assert labels["sertantai.part"]


def test_every_docker_resource_has_an_explicit_provider(program: Program) -> None:
    providers = {resource.options.get("provider") for resource in program if resource.type.startswith("docker:")}
    assert providers == {next(program.all(PROVIDER)).urn}


def test_every_platform_volume_is_named_by_its_stack(program: Program) -> None:
    assert not [v.name for v in program.all(VOLUME) if not v.inputs["name"].startswith(f"sertantai-{program.stack}-")]


def test_docker_never_assigns_a_fixed_address(program: Program) -> None:
    import ipaddress

    bridges = [step.inputs["create"].split() for step in program.all(COMMAND) if step.name.endswith("network-bridge")]
    dynamic = [ipaddress.ip_network(words[words.index("--ip-range") + 1]) for words in bridges]
    addresses = [
        ipaddress.ip_address(each["ipv4Address"])
        for container in fixed(program)
        for each in container.inputs.get("networksAdvanced", [])
        if "ipv4Address" in each
    ]
    assert len(addresses) == len(set(addresses)) == 2 + len(bridges)
    assert not [address for address in addresses if any(address in network for network in dynamic)]


def test_secrets_are_generated_even_if_one_is_set(program: Program) -> None:
    generated = {password.name for password in program.all(PASSWORD)}
    given = Program.of(program.stack, secrets={"auth_SECRET_KEY_BASE": "g" * 64})
    assert {password.name for password in given.all(PASSWORD)} == generated
    assert "g" * 64 in str(plain(given.named(CONTAINER, "auth-app").inputs["envs"]))


def test_a_login_is_named_by_its_password(program: Program) -> None:
    def login(of: Program) -> str:
        environment = plain(of.named(CONTAINER, "auth-app").inputs["envs"])
        url = next(pair for pair in environment if pair.startswith("DATABASE_URL="))
        return str(url).partition("://")[2].partition(":")[0]

    other = Program.of(program.stack, secrets={"auth_DATABASE_PASSWORD": "another-password"})
    assert login(program) != login(other)
    assert login(other).startswith("sertantai_auth_")


def test_electrics_storage_has_its_own_volume(program: Program) -> None:
    electrics = [container for container in released(program) if program.part_of(container) == "electric"]
    assert electrics
    volumes = [container.inputs["volumes"][0]["volumeName"] for container in electrics]
    assert len(set(volumes)) == len(electrics)
