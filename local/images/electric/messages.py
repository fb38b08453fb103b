"""Turns rows and changes into the messages that clients read."""

import json
from collections.abc import Iterable, Iterator, Sequence

from .offset import Offset
from .pgoutput import Change, Row, Transaction
from .storage import Entry, Shape, Snapshot


def key(shape: Shape, row: Row) -> str:
    """Returns the key of a row, which is unique among the rows of all tables."""
    parts = [part.replace("/", "//").replace(".", "..") for part in (shape.schema, shape.table)]
    values = [row[name] for name in shape.primary_key or sorted(shape.described)]
    quoted = ("_" if value is None else '"{}"'.format(value.replace("/", "//")) for value in values)
    return "/".join(['"{}"."{}"'.format(*parts), *quoted])


def up_to_date(lsn: int) -> str:
    """Returns the message for a client that has everything."""
    return _json({"headers": {"control": "up-to-date", "global_last_seen_lsn": str(lsn)}})


def chunks(shape: Shape, rows: Iterable[Row], chunk_bytes: int) -> Iterator[str]:
    """Yields a snapshot in chunks of bounded size. Each is a JSON list without its brackets."""
    headers = {"operation": "insert", "relation": [shape.schema, shape.table]}
    bodies: list[str] = []
    size = 0
    for row in rows:
        if size >= chunk_bytes:
            yield ",".join(bodies)
            bodies, size = [], 0
        bodies.append(_json({"key": key(shape, row), "value": row, "headers": headers}))
        size += len(bodies[-1])
    yield ",".join([*bodies, _snapshot_end(shape.snapshot)])


def entries(shape: Shape, transaction: Transaction, changes: Sequence[tuple[int, Change]]) -> Iterator[Entry]:
    """Yields a transaction's changes as entries of a shape's log, each with its position in the transaction."""
    parts = [
        (number + step, operation, row, extra)
        for number, change in changes
        for step, (operation, row, extra) in enumerate(_messages(shape, change))
    ]
    for index, (number, operation, row, extra) in enumerate(parts):
        headers = {
            "operation": operation,
            "relation": [shape.schema, shape.table],
            "lsn": str(transaction.lsn),
            "txids": [transaction.xid],
            "op_position": number,
            **{name: value for name, value in extra.items() if name.startswith("key_change")},
            **({"last": True} if index == len(parts) - 1 else {}),
        }
        body = {"key": extra["key"], "value": row, "headers": headers}
        if "old_value" in extra:
            body["old_value"] = extra["old_value"]
        yield Entry(shape.handle, Offset(transaction.lsn, number), _json(body))


def _messages(shape: Shape, change: Change) -> list[tuple[str, Row, dict[str, object]]]:
    """Returns operation, value and other headers of one change. A change of the row's key gives two messages."""
    old, new = ({name: row[name] for name in shape.described} if row else {} for row in (change.old, change.new))
    whole = shape.replica == "full"
    if change.kind == "insert":
        return [("insert", new, {"key": key(shape, new)})]
    gone = old if whole or not shape.primary_key else {name: old[name] for name in shape.primary_key}
    before = key(shape, old)
    if change.kind == "delete":
        return [("delete", gone, {"key": before})]
    if (after := key(shape, new)) != before:
        return [
            ("delete", gone, {"key": before, "key_change_to": after}),
            ("insert", new, {"key": after, "key_change_from": before}),
        ]
    changed = [name for name in new if new[name] != old[name]]
    if not changed:
        return []
    if whole:
        return [("update", new, {"key": after, "old_value": {name: old[name] for name in changed}})]
    return [("update", {name: new[name] for name in new if name in {*shape.primary_key, *changed}}, {"key": after})]


def _snapshot_end(snapshot: Snapshot) -> str:
    xmin, xmax, running = snapshot
    numbers = {"xmin": str(xmin), "xmax": str(xmax), "xip_list": [str(xid) for xid in running]}
    return _json({"headers": {"control": "snapshot-end", **numbers}})


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
