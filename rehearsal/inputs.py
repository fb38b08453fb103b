"""The closed list of types and of their inputs, and what a container's mean to Docker."""

import re
from typing import Any

from .errors import Trouble

_COMMAND = "create update delete stdin environment interpreter dir logging triggers"
_RANDOM = "length special upper lower numeric overrideSpecial keepers"
INPUTS = {
    "docker:index/network:Network": "name driver ipamConfigs labels",
    "docker:index/volume:Volume": "name driver labels",
    "docker:index/remoteImage:RemoteImage": "name keepLocally",
    "docker:index/container:Container": "name image command entrypoints envs labels memory memorySwap shmSize user init"
    " capabilities securityOpts readOnly tmpfs restart maxRetryCount logDriver logOpts networksAdvanced networkMode"
    " hosts ports volumes mounts healthcheck stopSignal stopTimeout destroyGraceSeconds workingDir ulimits sysctls"
    " mustRun",
    "command:local:Command": _COMMAND,
    "random:index/randomPassword:RandomPassword": _RANDOM,
    "random:index/randomString:RandomString": _RANDOM,
    "random:index/randomId:RandomId": "byteLength prefix keepers",
}
IN_PLACE = {  # a change of any other input replaces the resource
    "docker:index/remoteImage:RemoteImage": "keepLocally",
    "docker:index/container:Container": "memory memorySwap restart maxRetryCount mustRun destroyGraceSeconds",
    "command:local:Command": _COMMAND,
}
OWNER = {"sertantai.owner": "rehearsal"}
NANOSECONDS = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6}


def container(given: dict[str, Any]) -> dict[str, Any]:
    """The request that makes a container."""
    get = given.get
    networks = only(get("networksAdvanced", []), "name aliases ipv4Address")
    [health] = only([get("healthcheck", {})], "tests interval timeout retries startPeriod")
    [capabilities] = only([get("capabilities", {})], "adds drops")
    ports: dict[str, list[dict[str, str]]] = {}
    for each in only(get("ports", []), "internal external ip protocol"):
        binding = {"HostIp": each.get("ip", "0.0.0.0"), "HostPort": str(each.get("external", ""))}  # noqa: S104
        ports.setdefault(f"{each['internal']}/{each.get('protocol', 'tcp')}", []).append(binding)
    times = {name: _nanoseconds(value) for name, value in health.items() if name not in ("tests", "retries")}
    endpoints = {
        each["name"]: {"Aliases": each.get("aliases"), "IPAMConfig": {"IPv4Address": each.get("ipv4Address")}}
        for each in networks
    }
    return _same(given, "image user workingDir stopSignal stopTimeout") | {
        "Cmd": get("command"),
        "Entrypoint": get("entrypoints"),
        "Env": get("envs"),
        "Labels": labels(given),
        "ExposedPorts": {port: {} for port in ports},
        "Healthcheck": {"Test": health.get("tests"), "Retries": health.get("retries")} | _api(times),
        "NetworkingConfig": {"EndpointsConfig": endpoints},
        "HostConfig": _same(given, "init sysctls tmpfs networkMode")
        | ({"NetworkMode": networks[0]["name"]} if networks else {})
        | limits(given)
        | {
            "ShmSize": get("shmSize", 0) * 2**20,
            "SecurityOpt": get("securityOpts"),
            "ReadonlyRootfs": get("readOnly"),
            "CapAdd": capabilities.get("adds"),
            "CapDrop": capabilities.get("drops"),
            "LogConfig": {"Type": get("logDriver"), "Config": get("logOpts")},
            "ExtraHosts": [f"{each['host']}:{each['ip']}" for each in get("hosts", [])],
            "PortBindings": ports,
            "Binds": [_bind(each) for each in only(get("volumes", []), "volumeName hostPath containerPath readOnly")],
            "Mounts": [
                _api(e) for e in only(get("mounts", []), "target type source readOnly tmpfsOptions bindOptions")
            ],
            "Ulimits": [_api(each) for each in only(get("ulimits", []), "name soft hard")],
        },
    }


def limits(given: dict[str, Any]) -> dict[str, Any]:
    """What can be changed while a container runs; memory is given in MiB, -1 is no limit."""
    memory, swap = given.get("memory", 0), given.get("memorySwap", 0)
    policy = {"Name": given.get("restart", "no"), "MaximumRetryCount": given.get("maxRetryCount", 0)}
    return {"Memory": memory * 2**20, "MemorySwap": swap if swap < 0 else swap * 2**20, "RestartPolicy": policy}


def labels(given: dict[str, Any]) -> dict[str, str]:
    """The program's labels and the owner's, for whatever Docker makes."""
    return {each["label"]: each["value"] for each in given.get("labels", [])} | OWNER


def only(blocks: list[dict[str, Any]], known: str) -> list[dict[str, Any]]:
    """The blocks as they are, once none of them has a key that would be overlooked."""
    if unknown := {key for block in blocks for key in block} - {*known.split()}:
        raise Trouble(f"the rehearsal does not know the input {min(unknown)}")
    return blocks


def _bind(volume: dict[str, Any]) -> str:
    source = volume.get("hostPath") or volume["volumeName"]
    return f"{source}:{volume['containerPath']}" + (":ro" if volume.get("readOnly") else "")


def _api(block: dict[str, Any]) -> dict[str, Any]:
    """The same with its keys as Docker writes them: readOnly becomes ReadOnly."""
    return {name[0].upper() + name[1:]: _api(v) if isinstance(v, dict) else v for name, v in block.items()}


def _same(given: dict[str, Any], names: str) -> dict[str, Any]:
    return {name[0].upper() + name[1:]: given.get(name) for name in names.split()}


def _nanoseconds(duration: str) -> int:
    if not re.fullmatch(r"([\d.]+(ms|s|m|h))+", duration):
        raise Trouble(f"{duration} is not a duration such as 1m30s")
    return sum(int(float(n) * NANOSECONDS[unit]) for n, unit in re.findall(r"([\d.]+)(ms|s|m|h)", duration))
