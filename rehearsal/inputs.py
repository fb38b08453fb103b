"""The closed list of types, functions and their inputs, and what a container's mean to Docker."""

import re
from typing import Any

from .errors import Trouble
from .state import plain

INPUTS = {
    "docker:index/network:Network": "name driver ipamConfigs labels",
    "docker:index/volume:Volume": "name labels",
    "docker:index/remoteImage:RemoteImage": "name keepLocally",
    "docker:index/container:Container": "name image command entrypoints envs labels memory memorySwap shmSize readOnly"
    " capabilities securityOpts sysctls tmpfs restart logDriver logOpts networksAdvanced networkMode hosts ports"
    " volumes healthcheck stopTimeout destroyGraceSeconds",
    "command:local:Command": "create delete stdin environment interpreter triggers addPreviousOutputInEnv",
    "random:index/randomPassword:RandomPassword": "length special",
    "docker:index/getRegistryImage:getRegistryImage": "name",
    "command:local:run": "command interpreter logging stdin",
}
BLOCKS = {
    "ipamConfigs": "subnet gateway ipRange",
    "networksAdvanced": "name aliases ipv4Address",
    "healthcheck": "tests interval timeout retries startPeriod",
    "capabilities": "adds drops",
    "ports": "internal external ip protocol",
    "volumes": "volumeName containerPath readOnly",
}
TIMES = {"Interval": "interval", "Timeout": "timeout", "StartPeriod": "startPeriod"}
OWNER = {"sertantai.owner": "rehearsal"}


def check(token: str, inputs: dict[str, Any]) -> None:
    """Raises at a type, function or input that would be overlooked."""
    if token not in INPUTS:
        raise Trouble("the rehearsal does not know it")
    blocks = [(INPUTS[token], inputs)]
    for name, value in plain(inputs).items():
        if name in BLOCKS:
            blocks += [(BLOCKS[name], block) for block in (value if isinstance(value, list) else [value])]
    for known, block in blocks:
        if unknown := block.keys() - known.split():
            raise Trouble(f"the rehearsal does not know the input {min(unknown)}")


def container(given: dict[str, Any]) -> dict[str, Any]:
    """The request that makes a container; memory is given in MiB."""
    get = given.get
    networks, capabilities, health = get("networksAdvanced", []), get("capabilities", {}), get("healthcheck", {})
    endpoints = {
        e["name"]: {"Aliases": e.get("aliases"), "IPAMConfig": {"IPv4Address": e.get("ipv4Address")}} for e in networks
    }
    ports = {f"{each['internal']}/{each['protocol']}": each for each in get("ports", [])}
    return {
        "Image": given["image"],
        "Cmd": get("command"),
        "Entrypoint": get("entrypoints"),
        "Env": get("envs"),
        "Labels": labels(given),
        "StopTimeout": get("stopTimeout"),
        "ExposedPorts": {port: {} for port in ports},
        "Healthcheck": {"Test": health.get("tests"), "Retries": health.get("retries")}
        | {key: _nanoseconds(health[name]) for key, name in TIMES.items() if name in health},
        "NetworkingConfig": {"EndpointsConfig": endpoints},
        "HostConfig": {
            "NetworkMode": networks[0]["name"] if networks else get("networkMode"),
            "Memory": get("memory", 0) * 2**20,
            "MemorySwap": get("memorySwap", 0) * 2**20,
            "ShmSize": get("shmSize", 0) * 2**20,
            "RestartPolicy": {"Name": get("restart", "no")},
            "SecurityOpt": get("securityOpts"),
            "ReadonlyRootfs": get("readOnly"),
            "Sysctls": get("sysctls"),
            "Tmpfs": get("tmpfs"),
            "CapAdd": capabilities.get("adds"),
            "CapDrop": capabilities.get("drops"),
            "LogConfig": {"Type": get("logDriver"), "Config": get("logOpts")},
            "ExtraHosts": [f"{each['host']}:{each['ip']}" for each in get("hosts", [])],
            "PortBindings": {p: [{"HostIp": e["ip"], "HostPort": str(e["external"])}] for p, e in ports.items()},
            "Binds": [
                f"{each['volumeName']}:{each['containerPath']}:{'ro' if each.get('readOnly') else 'rw'}"
                for each in get("volumes", [])
            ],
        },
    }


def labels(given: dict[str, Any]) -> dict[str, str]:
    """The program's labels and the owner's, for whatever Docker makes."""
    return {each["label"]: each["value"] for each in given.get("labels", [])} | OWNER


def _nanoseconds(duration: str) -> int:
    if not (found := re.fullmatch(r"(?:(\d+)m)?(\d+)s", duration)):
        raise Trouble(f"{duration} is not a duration such as 1m30s")
    return (int(found[1] or 0) * 60 + int(found[2])) * 10**9
