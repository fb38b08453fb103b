"""The status as sections of rows: the screen and the page show the same."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from host.rules import SHARED

from ..words import ago, count, size, span, time
from .status_drift import short

GOOD, NOTE, BAD, PLAIN = "good", "note", "bad", ""
"""The levels of rows: a note is worth a look, and no problem."""


@dataclass(frozen=True)
class Row:
    """One line: a name, and what there is to say."""

    name: str
    text: str
    level: str = PLAIN


@dataclass(frozen=True)
class Section:
    """Rows of one kind."""

    title: str
    rows: Sequence[Row]


def every(seen: Mapping[str, Any]) -> list[Section]:
    """Returns the sections of the whole stack, without empty ones."""
    sections = [
        Section("services", [_service(seen, name) for name in seen["declared"]["services"]]),
        Section("sites", list(_sites(seen))),
        Section("shared", [*_shared(seen), *_machine(seen)]),
        Section("data", [*_connections(seen), *databases(seen), *slots(seen), *_backup(seen)]),
        Section("on purpose", list(_on_purpose(seen))),
    ]
    return [section for section in sections if section.rows]


def verdict(seen: Mapping[str, Any]) -> list[Row]:
    """Returns the problems and the drift, which come first."""
    rows = [Row("problem", problem["text"], BAD) for problem in seen["problems"]]
    return rows + [Row("drift", line, NOTE) for line in seen["drift"]]


def state(container: Mapping[str, Any]) -> str:
    """Returns what a container does, in a word."""
    if container["state"] != "running":
        return str(container["state"])
    return str(container["health"] or "running")


def is_good(container: Mapping[str, Any]) -> bool:
    """Whether a container runs and is not known to be ill."""
    return state(container) in ("healthy", "running", "starting")


def released(seen: Mapping[str, Any], service: str) -> str:
    """Returns when the last release of a service was, by whom, and how it ended."""
    last = seen["releases"].get(service)
    if not last:
        return ""
    who = f" by {last['who']}" if last["who"] else ""
    when = f"{ago(last['begun'], seen['time'])}{who}"
    match last["result"]:
        case "serves":
            return f"released {when}"
        case "running":
            return f"a release runs, begun {when}"
    return f"last release {last['result']}, {when}" + (": an older one serves" if _is_older(seen, last) else "")


def _is_older(seen: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """Whether a container serves with another image than the last release has."""
    serving = {each["part"]: each["digest"] for each in seen["containers"] if _serves(each, last["service"])}
    digests = {part: image.partition("@")[2] for part, image in last["images"].items()}
    return any(serving.get(part, digest) != digest for part, digest in digests.items() if digest)


def _serves(container: Mapping[str, Any], service: str) -> bool:
    return bool(container["service"] == service and container["serves"] and container["digest"])


def requests(seen: Mapping[str, Any], service: str) -> str:
    """Returns the requests and errors of a site."""
    counts = seen["errors_5xx"].get(service)
    if not counts:
        return ""
    failed = f", {counts['errors']:,} failed" if counts["errors"] else ""
    return f"{count(counts['requests'], 'request')} in {span(counts['seconds'])}{failed}"


def certificate(seen: Mapping[str, Any], host: str) -> str:
    """Returns how long a name's certificate is valid."""
    dates = seen["certificates"].get(host)
    if not dates:
        return "a placeholder" if host in seen["placeholders"] else "none"
    left = time(dates["expires"]) - time(seen["time"])
    return f"ends in {span(left)}" if left > 0 else f"ended {span(-left)} ago"


def test(result: Mapping[str, Any], now: str) -> str:
    """Returns how the last restore test ended."""
    return f"{result['result']}, {ago(result['at'], now)}" if result.get("at") else "none yet"


def _service(seen: Mapping[str, Any], name: str) -> Row:
    declared = seen["declared"]["services"][name]
    parts = [_part(seen, name, part) for part in declared["parts"]]
    hosts = [host for host in declared["hosts"] if host in seen["certificates"]]
    first = min(hosts, key=lambda host: seen["certificates"][host]["expires"], default="")
    certificates = f"certificate {certificate(seen, first)}" if first else ""
    closed = "closed: maintenance" if name in seen["maintenance"] else ""
    words = [closed, ", ".join(parts), released(seen, name), requests(seen, name), certificates]
    return Row(name, "; ".join(filter(None, words)), _level(seen, name))


def _level(seen: Mapping[str, Any], service: str) -> str:
    if any(problem["key"].startswith(f"{service}/") for problem in seen["problems"]):
        return BAD
    if "docker" in seen["unreadable"]:
        return PLAIN
    result = seen["releases"].get(service, {}).get("result", "serves")
    return GOOD if result == "serves" and service not in seen["maintenance"] else NOTE


def _part(seen: Mapping[str, Any], service: str, part: str) -> str:
    """Returns a part in a few words: nothing is said of what is good."""
    if part in seen["declared"]["services"][service]["stopped"]:
        return f"{part} stopped"
    if "docker" in seen["unreadable"]:
        return f"{part} not known"
    containers = [each for each in seen["containers"] if (each["service"], each["part"]) == (service, part)]
    if not containers:
        return f"{part} missing"
    # While a release runs, or after one has failed, there are two: the one that serves comes first.
    chosen = max(containers, key=lambda each: (bool(each["serves"]), each["started"]))
    words = [part, short(chosen["digest"])[:7], "" if state(chosen) in ("healthy", "running") else state(chosen)]
    words.append(f"({chosen['restarts']} restarts)" if chosen["restarts"] > 1 else "")
    others = Counter(_idle(each) for each in containers if each is not chosen)
    words += [f"and {number} {what}" for what, number in others.items()]
    return " ".join(filter(None, words))


def _idle(container: Mapping[str, Any]) -> str:
    """Returns what a container does next to the one that serves."""
    return "without requests" if state(container) in ("healthy", "running") else state(container)


def _sites(seen: Mapping[str, Any]) -> Iterator[Row]:
    for name, site in seen["declared"]["sites"].items():
        runs = site["container"] in seen["foreign"]
        words = [f"{site['container']} {'runs' if runs else 'does not run'}", requests(seen, name)]
        words += [f"certificate {certificate(seen, host)}" for host in site["hosts"][:1]]
        yield Row(name, "; ".join(filter(None, words)), GOOD if runs else BAD)


def _shared(seen: Mapping[str, Any]) -> Iterator[Row]:
    for each in seen["containers"]:
        if each["service"] == SHARED:
            used = f"{size(each['memory_mb'])} of {size(each['memory_limit_mb'])}" if _is_measured(each) else ""
            restarted = f"restarted {each['restarts']} times" if each["restarts"] else ""
            since = f"since {span(time(seen['time']) - time(each['started']))}" if each["state"] == "running" else ""
            words = [state(each), since, used, restarted]
            yield Row(each["part"], ", ".join(filter(None, words)), GOOD if is_good(each) else BAD)


def _is_measured(container: Mapping[str, Any]) -> bool:
    return container["memory_mb"] is not None and bool(container["memory_limit_mb"])


def _machine(seen: Mapping[str, Any]) -> Iterator[Row]:
    memory = seen["memory"]
    yield Row("memory", f"{size(memory['available_mb'])} of {size(memory['total_mb'])} available")
    for disk in seen["disk"]:
        yield Row(f"disk {disk['path']}", f"{size(disk['free_mb'])} of {size(disk['size_mb'])} free")


def _connections(seen: Mapping[str, Any]) -> Iterator[Row]:
    if seen["connections"]:
        yield Row("connections", f"{seen['connections']['used']} of {seen['connections']['limit']}")


def databases(seen: Mapping[str, Any]) -> Iterator[Row]:
    """Yields a row for each database."""
    for each in seen["databases"]:
        yield Row(each["name"], f"{size(each['size_mb'])}, {count(each['connections'], 'connection')}")


def slots(seen: Mapping[str, Any]) -> Iterator[Row]:
    """Yields a row for each replication slot."""
    for each in seen["slots"]:
        active = f"active, {each['lag_s']:g} s behind" if each["active"] else "not active"
        text = f"{active}, retains {size(each['retained_mb'] or 0)} of WAL"
        yield Row(each["name"], text, GOOD if each["active"] else NOTE)


def _backup(seen: Mapping[str, Any]) -> Iterator[Row]:
    backup, now = seen["backup"], seen["time"]
    if backup is None:
        if "backup" not in seen["declared"]["platform"]:
            yield Row("backup", "is not declared", NOTE)
        return
    for name, repository in (backup.get("repositories") or {}).items():
        newest = max((each["ended"] for each in repository["backups"]), default="")
        yield Row(f"backup/{name}", f"last backup {ago(newest, now)}" if newest else "no backup yet")
    if archived := (backup.get("archive") or {}).get("last_time"):
        yield Row("log", f"archived {ago(archived, now)}")
    if "verify" in backup:
        files = backup.get("files", {}).get("verify")
        yield Row("restore test", test(backup["verify"], now) + (f"; of files: {test(files, now)}" if files else ""))


def _on_purpose(seen: Mapping[str, Any]) -> Iterator[Row]:
    if seen["passing"]:
        yield Row("at work", ", ".join(seen["passing"]), NOTE)
    if seen["stopped"]:
        yield Row("stopped", ", ".join(seen["stopped"]), NOTE)
    if seen["maintenance"]:
        yield Row("maintenance", f"{', '.join(seen['maintenance'])}: the site shows a notice", NOTE)
