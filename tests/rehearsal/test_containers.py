"""How a container's inputs are sent to Docker."""

from pathlib import Path
from typing import Any

import docker
import pytest

from tests.places import Place
from tests.waiting import eventually

from .sandbox import IMAGE, Sandbox

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("image")]
PLACE = Place("containers")


def test_a_container_has_every_declared_property(sandbox: Sandbox) -> None:
    network = f"{sandbox.stack}-net"
    sandbox.resources = {
        "net": sandbox.network(network, f"--subnet {PLACE.subnet}"),
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
            restart="always",
            log_driver="json-file",
            log_opts={"max-size": "1m"},
            networks_advanced=[{"name": network, "aliases": ["app"], "ipv4_address": PLACE.address(9)}],
            hosts=[{"host": "auth", "ip": PLACE.address(2)}],
            ports=[{"internal": 80, "external": PLACE.ports[0], "ip": "127.0.0.1", "protocol": "tcp"}],
            volumes=[
                {"volume_name": "$data.name", "container_path": "/data"},
                {"volume_name": "$data.name", "container_path": "/read", "read_only": True},
            ],
            healthcheck={
                "tests": ["CMD", "true"],
                "interval": "1m30s",
                "timeout": "5s",
                "retries": 3,
                "start_period": "1m0s",
            },
            stop_timeout=7,
            options={"depends_on": ["$net"]},
        ),
    }
    sandbox.config = {"exports": {"name": "$app.name", "id": "$app.id"}}
    outputs = sandbox.up().document["outputs"]
    found = docker.from_env().containers.get(outputs["name"]).attrs
    config, host = found["Config"], found["HostConfig"]
    assert found["Id"] == outputs["id"]
    assert (config["Image"], config["Entrypoint"], config["Cmd"]) == (IMAGE, ["sleep"], ["1000"])
    assert config["Env"][0] == "A=b"
    assert config["StopTimeout"] == 7
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
    assert (host["SecurityOpt"], host["ReadonlyRootfs"]) == (["no-new-privileges"], True)
    assert host["Tmpfs"] == {"/tmp": "size=1m"}
    assert host["RestartPolicy"] == {"Name": "always", "MaximumRetryCount": 0}
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "1m"}}
    assert host["ExtraHosts"] == [f"auth:{PLACE.address(2)}"]
    assert host["PortBindings"]["80/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": str(PLACE.ports[0])}]
    assert host["Binds"] == [f"{sandbox.stack}-data:/data:rw", f"{sandbox.stack}-data:/read:ro"]
    [(name, endpoint)] = found["NetworkSettings"]["Networks"].items()
    assert name == network
    assert endpoint["IPAddress"] == PLACE.address(9)
    assert "app" in endpoint["Aliases"]
    assert found["State"]["Running"]


def test_a_container_can_be_on_the_hosts_network(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container(network_mode="host")}
    sandbox.up()
    assert docker.from_env().containers.get(sandbox.running()[0]).attrs["HostConfig"]["NetworkMode"] == "host"


def test_a_container_can_be_in_two_networks_before_it_starts(sandbox: Sandbox) -> None:
    first, second = f"{sandbox.stack}-net", f"{sandbox.stack}-other"
    sandbox.resources = {
        "net": sandbox.network(first, f"--subnet {PLACE.subnets[0]}"),
        "other": sandbox.network(second, f"--subnet {PLACE.subnets[1]}"),
        "app": sandbox.container(
            networks_advanced=[
                {"name": first, "aliases": ["app"], "ipv4_address": PLACE.address(9)},
                {"name": second, "aliases": ["app"], "ipv4_address": str(PLACE.subnets[1][8])},
            ],
            options={"depends_on": ["$net", "$other"]},
        ),
    }
    sandbox.up()
    networks = docker.from_env().containers.get(sandbox.running()[0]).attrs["NetworkSettings"]["Networks"]
    assert {name: endpoint["IPAddress"] for name, endpoint in networks.items()} == {
        first: PLACE.address(9),
        second: str(PLACE.subnets[1][8]),
    }
    assert all("app" in endpoint["Aliases"] for endpoint in networks.values())


def test_a_container_has_its_user_its_init_and_its_share_of_the_processors(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container(user="1000", init=True, cpus="0.5", cpu_shares=128)}
    sandbox.up()
    found = docker.from_env().containers.get(sandbox.running()[0]).attrs
    host = found["HostConfig"]
    assert (found["Config"]["User"], host["Init"], host["NanoCpus"], host["CpuShares"]) == (
        "1000",
        True,
        5 * 10**8,
        128,
    )


def test_a_container_is_named_by_its_resource_and_a_random_suffix(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container()}
    sandbox.up()
    [name] = sandbox.running()
    start, _, incarnation = name.partition("-")
    assert start == "app"
    assert len(incarnation) == 7


def test_a_container_gets_the_grace_of_its_creation(sandbox: Sandbox) -> None:
    stops = "trap 'echo stopped > /out/log; exit' TERM; touch /out/ready; sleep 1000 & wait"
    volumes = [{"volume_name": "$out.name", "container_path": "/out"}]
    sandbox.resources = {
        "out": sandbox.labelled("volume", name=sandbox.stack),
        "app": sandbox.container(command=["sh", "-c", stops], volumes=volumes, destroy_grace_seconds=9),
    }
    sandbox.up()
    volume = docker.from_env().volumes.get(sandbox.stack)
    eventually(Path(volume.attrs["Mountpoint"], "ready").exists)
    del sandbox.resources["app"]
    sandbox.up()
    assert Path(volume.attrs["Mountpoint"], "log").read_text() == "stopped\n"


@pytest.mark.parametrize(
    ("inputs", "unknown"),
    [
        ({"networks_advanced": [{"name": "bridge", "mac_address": "02:42:ac:11:65:43"}]}, "macAddress"),
        ({"healthcheck": {"tests": ["CMD", "true"], "start_interval": "1s"}}, "startInterval"),
        ({"volumes": [{"container_path": "/data", "from_container": "other"}]}, "fromContainer"),
    ],
)
def test_an_unknown_input_deep_inside_is_named(sandbox: Sandbox, inputs: dict[str, Any], unknown: str) -> None:
    sandbox.resources = {"app": sandbox.container(**inputs)}
    assert f"does not support the input {unknown}" in sandbox.fails("up")


def test_a_duration_needs_its_unit(sandbox: Sandbox) -> None:
    sandbox.resources = {"app": sandbox.container(healthcheck={"tests": ["CMD", "true"], "interval": "60"})}
    assert "60 is not a duration" in sandbox.fails("up")
