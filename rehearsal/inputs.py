"""The closed list of known types, functions and inputs, and Docker's request for a container."""

import re
from typing import Any

from local.errors import Trouble
from local.owner import REHEARSAL

from .state import plain

INPUTS = {
    "docker:index/volume:Volume": "name labels",
    "docker:index/remoteImage:RemoteImage": "name keepLocally",
    "docker:index/container:Container": "name image command entrypoints envs labels memory memorySwap shmSize readOnly"
    " init user cpus cpuShares"
    " capabilities securityOpts sysctls tmpfs restart logDriver logOpts networksAdvanced networkMode hosts ports"
    " volumes healthcheck stopTimeout destroyGraceSeconds",
    "command:local:Command": "create delete stdin environment interpreter triggers addPreviousOutputInEnv",
    "random:index/randomPassword:RandomPassword": "length special",
    "docker:index/getRegistryImage:getRegistryImage": "name",
    "command:local:run": "command interpreter logging stdin",
}
BLOCKS = {
    "networksAdvanced": "name aliases ipv4Address",
    "healthcheck": "tests interval timeout retries startPeriod",
    "capabilities": "adds drops",
    "ports": "internal external ip protocol",
    "volumes": "volumeName hostPath containerPath readOnly",
}
TIMES = {"Interval": "interval", "Timeout": "timeout", "StartPeriod": "startPeriod"}


def check(token: str, inputs: dict[str, Any]) -> None:
    """Raises for a type, function or input that the rehearsal does not support."""
    if token not in INPUTS:
        raise Trouble("the rehearsal does not support it")
    blocks = [(INPUTS[token], inputs)]
    for name, value in plain(inputs).items():
        if name in BLOCKS:
            blocks += [(BLOCKS[name], block) for block in (value if isinstance(value, list) else [value])]
    for names, block in blocks:
        if unknown := block.keys() - names.split():
            raise Trouble(f"the rehearsal does not support the input {min(unknown)}")


def container(inputs: dict[str, Any]) -> dict[str, Any]:
    """Returns the request that creates a container. Memory is in MiB in the inputs and in bytes in the request."""
    get = inputs.get
    networks, capabilities, health = get("networksAdvanced", []), get("capabilities", {}), get("healthcheck", {})
    # Docker accepts one network here: see `more_networks`.
    endpoints = {
        network["name"]: {
            "Aliases": network.get("aliases"),
            "IPAMConfig": {"IPv4Address": network.get("ipv4Address")},
        }
        for network in networks[:1]
    }
    ports = {f"{port['internal']}/{port['protocol']}": port for port in get("ports", [])}
    return {
        "Image": inputs["image"],
        "User": get("user", ""),
        "Cmd": get("command"),
        "Entrypoint": get("entrypoints"),
        "Env": get("envs"),
        "Labels": labels(inputs),
        "StopTimeout": get("stopTimeout"),
        "ExposedPorts": {name: {} for name in ports},
        "Healthcheck": {"Test": health.get("tests"), "Retries": health.get("retries")}
        | {key: _nanoseconds(health[name]) for key, name in TIMES.items() if name in health},
        "NetworkingConfig": {"EndpointsConfig": endpoints},
        "HostConfig": {
            "NetworkMode": networks[0]["name"] if networks else get("networkMode"),
            "Memory": get("memory", 0) * 2**20,
            "MemorySwap": get("memorySwap", 0) * 2**20,
            "ShmSize": get("shmSize", 0) * 2**20,
            "Init": get("init"),
            "NanoCpus": int(float(get("cpus", 0)) * 10**9),
            "CpuShares": get("cpuShares", 0),
            "RestartPolicy": {"Name": get("restart", "no")},
            "SecurityOpt": get("securityOpts"),
            "ReadonlyRootfs": get("readOnly"),
            "Sysctls": get("sysctls"),
            "Tmpfs": get("tmpfs"),
            "CapAdd": capabilities.get("adds"),
            "CapDrop": capabilities.get("drops"),
            "LogConfig": {"Type": get("logDriver"), "Config": get("logOpts")},
            "ExtraHosts": [f"{host['host']}:{host['ip']}" for host in get("hosts", [])],
            "PortBindings": {
                name: [{"HostIp": port["ip"], "HostPort": str(port["external"])}] for name, port in ports.items()
            },
            "Binds": [_bind(volume) for volume in get("volumes", [])],
        },
    }


def more_networks(inputs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the options of the networks to connect before its start, by name, without the first."""
    return {
        network["name"]: {"ipv4_address": network.get("ipv4Address"), "aliases": network.get("aliases")}
        for network in inputs.get("networksAdvanced", [])[1:]
    }


def _bind(volume: dict[str, Any]) -> str:
    source = volume.get("volumeName") or volume["hostPath"]
    return f"{source}:{volume['containerPath']}:{'ro' if volume.get('readOnly') else 'rw'}"


def labels(inputs: dict[str, Any]) -> dict[str, str]:
    """Returns the program's labels and the label of the rehearsal."""
    return {label["label"]: label["value"] for label in inputs.get("labels", [])} | REHEARSAL


def _nanoseconds(duration: str) -> int:
    if not (match := re.fullmatch(r"(?:(\d+)m)?(\d+)s", duration)):
        raise Trouble(f"{duration} is not a duration such as 1m30s")
    return (int(match[1] or 0) * 60 + int(match[2])) * 10**9
