"""How a container's inputs arrive at Docker."""

from typing import Any

import docker
import pytest

from .sandbox import IMAGE, Sandbox

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("image")]


def test_everything_said_of_a_container_holds(sandbox: Sandbox) -> None:
    network = {"subnet": "10.213.7.0/24", "gateway": "10.213.7.1", "ip_range": "10.213.7.128/25"}
    sandbox.resources = {
        "net": sandbox.labelled("network", name=f"{sandbox.stack}-net", driver="bridge", ipam_configs=[network]),
        "data": sandbox.labelled("volume", name=f"{sandbox.stack}-data"),
        "app": sandbox.container(
            command=["1000"],
            entrypoints=["sleep"],
            envs=["A=b"],
            labels=[{"label": "sertantai.stack", "value": sandbox.stack}, {"label": "x", "value": "y"}],
            memory=64,
            memory_swap=128,
            shm_size=16,
            capabilities={"adds": ["CAP_CHOWN"], "drops": ["ALL"]},
            security_opts=["no-new-privileges"],
            read_only=True,
            tmpfs={"/tmp": "size=1m"},
            restart="on-failure",
            max_retry_count=3,
            log_driver="json-file",
            log_opts={"max-size": "1m"},
            networks_advanced=[{"name": "$net.name", "aliases": ["app"], "ipv4_address": "10.213.7.9"}],
            hosts=[{"host": "auth", "ip": "10.213.7.2"}],
            ports=[{"internal": 80, "external": 48213, "ip": "127.0.0.1"}, {"internal": 53, "protocol": "udp"}],
            volumes=[
                {"volume_name": "$data.name", "container_path": "/data"},
                {"host_path": "/etc", "container_path": "/host", "read_only": True},
            ],
            mounts=[{"type": "tmpfs", "target": "/scratch", "tmpfs_options": {"size_bytes": 65536}}],
            healthcheck={
                "tests": ["CMD", "true"],
                "interval": "1m30s",
                "timeout": "5s",
                "retries": 3,
                "start_period": "1m0s",
            },
            stop_signal="SIGINT",
            stop_timeout=7,
            user="5",
            working_dir="/bin",
            init=True,
            ulimits=[{"name": "nofile", "soft": 100, "hard": 200}],
            sysctls={"net.core.somaxconn": "200"},
        ),
    }
    sandbox.config = {"exports": {"name": "$app.name", "networks": "$app.network_datas", "id": "$app.id"}}
    outputs = sandbox.up().document["outputs"]
    found = docker.from_env().containers.get(outputs["name"]).attrs
    config, host = found["Config"], found["HostConfig"]
    assert found["Id"] == outputs["id"]
    assert outputs["networks"] == [{"networkName": f"{sandbox.stack}-net", "ipAddress": "10.213.7.9"}]
    assert (config["Image"], config["Entrypoint"], config["Cmd"]) == (IMAGE, ["sleep"], ["1000"])
    assert (config["Env"][0], config["User"], config["WorkingDir"]) == ("A=b", "5", "/bin")
    assert (config["StopSignal"], config["StopTimeout"]) == ("SIGINT", 7)
    assert config["Labels"] == {"sertantai.stack": sandbox.stack, "x": "y", "sertantai.owner": "rehearsal"}
    assert config["Healthcheck"] == {
        "Test": ["CMD", "true"],
        "Interval": 90 * 10**9,
        "Timeout": 5 * 10**9,
        "Retries": 3,
        "StartPeriod": 60 * 10**9,
    }
    assert (host["Memory"], host["MemorySwap"], host["ShmSize"]) == (64 * 2**20, 128 * 2**20, 16 * 2**20)
    assert (host["CapAdd"], host["CapDrop"]) == (["CAP_CHOWN"], ["ALL"])
    assert (host["SecurityOpt"], host["ReadonlyRootfs"], host["Init"]) == (["no-new-privileges"], True, True)
    assert host["Tmpfs"] == {"/tmp": "size=1m"}
    assert host["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "1m"}}
    assert host["ExtraHosts"] == ["auth:10.213.7.2"]
    assert host["PortBindings"]["80/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "48213"}]
    assert found["NetworkSettings"]["Ports"]["53/udp"][0]["HostIp"] == "0.0.0.0"
    assert host["Binds"] == [f"{sandbox.stack}-data:/data", "/etc:/host:ro"]
    assert host["Mounts"] == [{"Type": "tmpfs", "Target": "/scratch", "TmpfsOptions": {"SizeBytes": 65536}}]
    assert host["Ulimits"] == [{"Name": "nofile", "Soft": 100, "Hard": 200}]
    assert host["Sysctls"] == {"net.core.somaxconn": "200"}
    [(name, endpoint)] = found["NetworkSettings"]["Networks"].items()
    assert name == f"{sandbox.stack}-net"
    assert endpoint["IPAddress"] == "10.213.7.9"
    assert "app" in endpoint["Aliases"]
    assert found["State"]["Running"]
    pool = docker.from_env().networks.get(name).attrs["IPAM"]["Config"]
    assert pool == [{"Subnet": "10.213.7.0/24", "IPRange": "10.213.7.128/25", "Gateway": "10.213.7.1"}]


def test_a_container_can_be_on_the_hosts_network(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container(network_mode="host")}
    sandbox.up()
    assert docker.from_env().containers.get(sandbox.running()[0]).attrs["HostConfig"]["NetworkMode"] == "host"


def test_a_container_is_named_after_its_resource_and_its_incarnation(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container()}
    sandbox.up()
    [name] = sandbox.running()
    start, _, incarnation = name.partition("-")
    assert start == "app"
    assert len(incarnation) == 7


def test_a_container_gets_the_grace_that_it_was_made_with(sandbox: Sandbox) -> None:
    stops = "trap 'echo stopped > /out/log; exit' TERM; sleep 1000 & wait"
    volumes = [{"host_path": str(sandbox.folder), "container_path": "/out"}]
    sandbox.resources = {
        "app": sandbox.container(command=["sh", "-c", stops], volumes=volumes, destroy_grace_seconds=9),
        "other": sandbox.container(command=["sh", "-c", stops.replace("log", "other")], volumes=volumes),
    }
    sandbox.up()
    sandbox.resources = {}
    sandbox.up()
    assert sandbox.log() == ["stopped"]
    assert not (sandbox.folder / "other").exists()


def test_an_anonymous_volume_goes_with_its_container(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container(mounts=[{"type": "volume", "target": "/data"}])}
    sandbox.up()
    client = docker.from_env()
    [volume] = [each["Name"] for each in client.containers.get(sandbox.running()[0]).attrs["Mounts"]]
    sandbox.resources = {}
    sandbox.up()
    assert volume not in [each.name for each in client.volumes.list()]


@pytest.mark.parametrize(
    ("inputs", "unknown"),
    [
        ({"networks_advanced": [{"name": "bridge", "mac_address": "02:42:ac:11:65:43"}]}, "macAddress"),
        ({"healthcheck": {"tests": ["CMD", "true"], "start_interval": "1s"}}, "startInterval"),
        ({"mounts": [{"type": "volume", "target": "/data", "volume_options": {"no_copy": True}}]}, "volumeOptions"),
        ({"volumes": [{"container_path": "/data", "from_container": "other"}]}, "fromContainer"),
    ],
)
def test_an_unknown_input_deep_inside_is_named(sandbox: Sandbox, inputs: dict[str, Any], unknown: str) -> None:
    sandbox.resources = {"app": sandbox.container(**inputs)}
    assert f"does not know the input {unknown}" in sandbox.fails("up")


def test_a_duration_needs_its_unit(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container(healthcheck={"tests": ["CMD", "true"], "interval": "60"})}
    assert "60 is not a duration" in sandbox.fails("up")
