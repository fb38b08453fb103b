"""The status of one service in full."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..words import ago, count, size, time
from .status_drift import declared_digest
from .status_rows import (
    BAD,
    GOOD,
    NOTE,
    Row,
    Section,
    certificate,
    databases,
    is_good,
    released,
    requests,
    slots,
    state,
)


def only(seen: Mapping[str, Any], service: str) -> dict[str, Any]:
    """Returns what is seen of one service alone: its problems too, and what can be read of nobody."""
    block = seen["declared"]["services"][service]
    keys = {*(f"certificate/{host}" for host in block["hosts"]), *seen["unreadable"]}
    beginnings = (f"{service}/", f"slot/{block.get('slot', '')}/")
    names = (f"{service}:", f"{service}/", f"sites/{service}.conf:", f"login/{service}:", f"slot/{service}:")
    return {
        **seen,
        "containers": [each for each in seen["containers"] if each["service"] == service],
        "problems": [each for each in seen["problems"] if each["key"] in keys or each["key"].startswith(beginnings)],
        "drift": [line for line in seen["drift"] if line.startswith(names)],
        "databases": [each for each in seen["databases"] if each["name"] == block.get("database")],
        "slots": [each for each in seen["slots"] if each["name"] == block.get("slot")],
        "releases": {name: each for name, each in seen["releases"].items() if name == service},
        "errors_5xx": {name: each for name, each in seen["errors_5xx"].items() if name == service},
        "certificates": {host: each for host, each in seen["certificates"].items() if host in block["hosts"]},
    }


def sections(seen: Mapping[str, Any], service: str) -> list[Section]:
    """Returns the sections of what `only` has left."""
    block = seen["declared"]["services"][service]
    found = [Section(part, list(_part(seen, service, part))) for part in block["parts"]]
    found += [
        Section("site", list(_site(seen, service))),
        Section("data", [*databases(seen), *slots(seen)]),
        Section("last release", list(_release(seen, service))),
    ]
    return [section for section in found if section.rows]


def _part(seen: Mapping[str, Any], service: str, part: str) -> Iterator[Row]:
    block = seen["declared"]["services"][service]
    yield Row("declared", block["parts"][part])
    if digest := declared_digest(seen, service, part):
        yield Row("digest", digest)
    if part in block["stopped"]:
        yield Row("stopped", "on purpose", NOTE)
    for each in seen["containers"]:
        if each["part"] == part:
            yield from _container(each, seen["time"])


def _container(container: Mapping[str, Any], now: str) -> Iterator[Row]:
    words = [state(container), f"started {ago(container['started'], now)}"]
    words += [f"restarted {count(container['restarts'], 'time')}"] if container["restarts"] else []
    if container["memory_mb"] is not None:
        limit = f" of {size(container['memory_limit_mb'])}" if container["memory_limit_mb"] else ""
        words.append(f"{size(container['memory_mb'])}{limit}")
    words += ["receives no requests"] if container["serves"] is False else []
    yield Row("container", f"{container['name']}: {', '.join(words)}", GOOD if is_good(container) else BAD)
    yield Row("runs", container["digest"] or container["image"])


def _site(seen: Mapping[str, Any], service: str) -> Iterator[Row]:
    for host in seen["declared"]["services"][service]["hosts"]:
        yield Row(host, f"certificate {certificate(seen, host)}")
    if text := requests(seen, service):
        yield Row("requests", text)
    if service in seen["maintenance"]:
        yield Row("maintenance", "the site shows a notice", NOTE)


def _release(seen: Mapping[str, Any], service: str) -> Iterator[Row]:
    last = seen["releases"].get(service)
    if not last:
        return
    took = f"; took {time(last['ended']) - time(last['begun']):.0f} s" if last["ended"] else ""
    yield Row(
        f"{service}:{last['number']}", f"{released(seen, service)}{took}", GOOD if last["result"] == "serves" else NOTE
    )
    for name in ("command", "commit", "error"):
        if last[name]:
            yield Row(name, last[name])
    for part, commit in last["commits"].items():
        yield Row(f"{part}'s commit", commit)
