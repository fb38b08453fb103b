"""The rules of what is bad: pure functions of what `look` has seen. `status` and `watch` use the same.

A problem's key names what is wrong and stays the same while it lasts; its text may change with each look.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .times import iso, seconds

RESTARTS, RECENT_S = 3, 600
"""A container restarts again and again: so many restarts, the last one this recently."""
CERTIFICATE_S, CERTIFICATE_SHARE = 14 * 86_400, 1 / 6
"""A certificate ends soon. Of one that is valid for a short time, this share of it must be left."""
DISK_SHARE = 0.10
MEMORY_SHARE, MACHINE_SHARE = 0.90, 0.05
"""What a container may use of its limit, and what must be available on the machine."""
RETAINED_MB, RETAINED_SHARE = 1024, 1 / 3
"""The WAL that a slot may retain: in MB, and of max_slot_wal_keep_size, after which PostgreSQL drops the slot."""
ERRORS, ERROR_SHARE = 20, 0.05
TOKEN_S = 14 * 86_400
CONTAINERS = {"log": "nginx"}
"""The container of what is read, if that has another name."""
SHARED = "platform"


@dataclass(frozen=True)
class Problem:
    """Something that is wrong."""

    key: str
    text: str


def problems(seen: Mapping[str, Any]) -> list[Problem]:
    """Returns all problems of what is seen, one for each key."""
    rules = (
        unreadable,
        containers,
        missing,
        restarts,
        gateway,
        certificates,
        slots,
        errors,
        memory,
        disks,
        backups,
        watching,
        token,
    )
    found: dict[str, Problem] = {}
    for rule in rules:
        for problem in _apply(rule, seen):
            found.setdefault(problem.key, problem)
    return list(found.values())


def _apply(rule: Callable[[Mapping[str, Any]], Iterator[Problem]], seen: Mapping[str, Any]) -> list[Problem]:
    """Returns the problems of a rule. One that fails silences no other."""
    try:
        return list(rule(seen))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        key = f"rules/{rule.__name__}"
        return [Problem(key, f"{key}: this rule fails ({type(error).__name__}): what it watches is not watched")]


def unreadable(seen: Mapping[str, Any]) -> Iterator[Problem]:
    """What does not answer. The rules of containers name those that do not run."""
    running = {_name(each) for each in seen["containers"] if each["state"] == "running"}
    for part, reason in seen["unreadable"].items():
        if part == "docker" or CONTAINERS.get(part, part) in running:
            yield Problem(part, f"{part}: cannot be read: {reason}")


def containers(seen: Mapping[str, Any]) -> Iterator[Problem]:
    """Containers that are not healthy, or have ended. A container that serves nothing is left over from a release."""
    for each in seen["containers"]:
        name, advice = _name(each), _advice(each)
        if each["state"] in ("exited", "dead"):
            reason = "needed more than its memory_mb" if each["out_of_memory"] else f"exit code {each['exit_code']}"
            yield Problem(f"{name}/exited", f"{name}: {each['name']} has ended ({reason}){advice}")
        elif each["state"] == "paused":
            yield Problem(f"{name}/paused", f"{name}: {each['name']} is paused: docker unpause {each['name']}")
        elif each["health"] == "unhealthy":
            yield Problem(f"{name}/unhealthy", f"{name}: {each['name']} fails its health check{advice}")


def missing(seen: Mapping[str, Any]) -> Iterator[Problem]:
    """Declared parts without a container. Without Docker's answer nothing is known."""
    if "docker" in seen["unreadable"]:
        return
    if not seen["containers"]:
        yield Problem("stack", "stack: has no container on this host: run up")
        return
    running = {_name(each) for each in seen["containers"] if each["state"] != "created"}
    services = seen["declared"].get("services", {})
    declared = [f"{name}/{part}" for name, each in services.items() for part in each["parts"]]
    stopped = [f"{name}/{part}" for name, each in services.items() for part in each.get("stopped", ())]
    for name in [*seen["declared"].get("platform", {}), *(name for name in declared if name not in stopped)]:
        if name not in running:
            yield Problem(f"{name}/missing", f"{name}: has no container: run up")


def restarts(seen: Mapping[str, Any]) -> Iterator[Problem]:
    """Containers that restart again and again."""
    for each in seen["containers"]:
        is_recent = seconds(seen["time"]) - seconds(each["started"]) < RECENT_S
        if each["state"] == "restarting" or (each["restarts"] >= RESTARTS and is_recent):
            text = f"{_name(each)}: {each['name']} has restarted {each['restarts']} times{_advice(each)}"
            yield Problem(f"{_name(each)}/restarts", text)


def gateway(seen: Mapping[str, Any]) -> Iterator[Problem]:
    """Sites that lead to no container, the platform's own and others."""
    if {"docker", "nginx"} & seen["unreadable"].keys():
        return
    alive = {each["name"] for each in seen["containers"] if each["state"] != "created"} | {*seen["foreign"]}
    declared = seen["declared"].get("services", {})
    for upstream, servers in seen["serving"].items():
        service, _, part = upstream.rpartition("-")
        if service in declared and not alive & {*servers}:
            yield Problem(f"{service}/{part}/site", f"{service}/site: leads to {servers[0]}, which is gone: run up")
    for name, site in seen["declared"].get("sites", {}).items():
        if site["container"] not in alive:
            yield Problem(f"{name}/container", f"sites/{name}/container: {site['container']} does not run")


def certificates(seen: Mapping[str, Any]) -> Iterator[Problem]:
    """Names of sites without a certificate of the authority, or with one that ends soon."""
    if {"docker", "nginx"} & seen["unreadable"].keys():
        return
    sites = {**seen["declared"].get("services", {}), **seen["declared"].get("sites", {})}
    now = seconds(seen["time"])
    for host in (host for site in sites.values() for host in site.get("hosts", ())):
        certificate = seen["certificates"].get(host)
        if certificate is None:
            yield Problem(f"certificate/{host}", f"{host}: has no certificate of the authority: run up")
            continue
        ends = seconds(certificate["expires"])
        if ends - now < min(CERTIFICATE_S, CERTIFICATE_SHARE * (ends - seconds(certificate["issued"]))):
            text = (
                f"{host}: its certificate ends at {certificate['expires']} and is not renewed: docker logs of certbot"
            )
            yield Problem(f"certificate/{host}", text)


def slots(seen: Mapping[str, Any]) -> Iterator[Problem]:
    """Electrics that do not read, and slots that retain much WAL, which fills the disk."""
    if {"docker", "postgres"} & seen["unreadable"].keys():
        return
    found = {slot["name"]: slot for slot in seen["slots"]}
    for name, service in seen["declared"].get("services", {}).items():
        wanted = service.get("slot")
        if wanted and "electric" not in service.get("stopped", ()) and not found.get(wanted, {}).get("active"):
            state = "is not active" if wanted in found else "does not exist"
            text = f"{name}/electric: its replication slot {wanted} {state}: no client gets new rows"
            yield Problem(f"{name}/electric/slot", text)
    limit = seen["slot_limit_mb"]
    most = min(RETAINED_MB, RETAINED_SHARE * limit) if limit > 0 else RETAINED_MB
    for slot in seen["slots"]:
        if slot["wal_status"] == "lost":
            yield Problem(f"slot/{slot['name']}/lost", f"slot {slot['name']}: PostgreSQL has dropped its WAL")
        elif (slot["retained_mb"] or 0) > most:
            text = f"slot {slot['name']}: retains {slot['retained_mb']} MB of WAL, which grows until somebody reads it"
            yield Problem(f"slot/{slot['name']}/retained", text)


def errors(seen: Mapping[str, Any]) -> Iterator[Problem]:
    """Sites that answer many requests with a server error."""
    for site, counts in seen["errors_5xx"].items():
        if counts["errors"] >= ERRORS and counts["errors"] >= ERROR_SHARE * counts["requests"]:
            minutes = max(1, round(counts["seconds"] / 60))
            text = f"{counts['errors']} of {counts['requests']} requests of the last {minutes} min have failed (5xx)"
            yield Problem(f"{site}/errors", f"{site}: {text}")


def memory(seen: Mapping[str, Any]) -> Iterator[Problem]:
    """Containers near their limit, and a machine without free memory."""
    for each in seen["containers"]:
        used, limit = each["memory_mb"], each["memory_limit_mb"]
        if used is not None and limit and used >= MEMORY_SHARE * limit:
            text = f"{_name(each)}: {each['name']} uses {used} of its {limit} MB: raise its memory_mb"
            yield Problem(f"{_name(each)}/memory", text)
    available, total = seen["memory"]["available_mb"], seen["memory"]["total_mb"]
    if available < MACHINE_SHARE * total:
        yield Problem("memory", f"memory: {available} of {total} MB are available on the machine")


def disks(seen: Mapping[str, Any]) -> Iterator[Problem]:
    """Disks that are nearly full."""
    for disk in seen["disk"]:
        if disk["free_mb"] < DISK_SHARE * disk["size_mb"]:
            text = f"disk {disk['path']}: {disk['free_mb']} of {disk['size_mb']} MB are free"
            yield Problem(f"disk{disk['path']}", text)


def backups(seen: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems of the backups. All with the same beginning are one."""
    found: dict[str, list[str]] = {}
    for text in (seen["backup"] or {}).get("problems", ()):
        subject = text.partition(":")[0]
        found.setdefault(subject if subject.startswith("backup") else "backup", []).append(text)
    for key, texts in found.items():
        yield Problem(key, "; ".join(texts))


def watching(seen: Mapping[str, Any]) -> Iterator[Problem]:
    """Alerts that could not be sent."""
    if errors := (seen.get("watch") or {}).get("errors"):
        yield Problem("watch/sending", f"watch: {'; '.join(errors)}")


def token(seen: Mapping[str, Any]) -> Iterator[Problem]:
    """A registry's token that is refused, or about to expire: the watch container asks once a day."""
    known = (seen.get("watch") or {}).get("token")
    advice = "set a new one with `pulumi config set --secret registry_token`, and run up"
    if known and known["refused"]:
        yield Problem("registry_token", f"registry_token: {known['server']} refuses it: {advice}")
    elif known and known["expires"] and known["expires"] - seconds(seen["time"]) < TOKEN_S:
        text = f"registry_token: the token for {known['server']} expires at {iso(known['expires'])}: {advice}"
        yield Problem("registry_token", text)


def _name(container: Mapping[str, Any]) -> str:
    """Returns a part's name, such as legal/app; of what services share, the part alone."""
    service, part = container["service"], container["part"]
    return part if service == SHARED else f"{service}/{part}"


def _advice(container: Mapping[str, Any]) -> str:
    if container["service"] == SHARED:
        return f": docker logs {container['name']}"
    if container["serves"] is False:
        return "; it receives no requests: a release has failed"
    return f": ./sertantai logs {container['service']}"
