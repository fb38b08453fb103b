"""What somebody changed by hand, though Pulumi does not refresh it: the gateway's files, logins, replication slots.

Whoever makes such a thing leaves a mark beside it. Read again before the next run, the mark is the same as long as the
thing is as it was left, and another one where it is not; it is part of the step that makes the thing, which so runs
again, once, and leaves the new mark.
"""

from .template import fill


def mark(kind: str, service: str, thing: str, value: str, *, connect: bool = True) -> str:
    """SQL that leaves the mark of a `login` or a `slot` (`thing`); by `connect` it goes to the database postgres."""
    name = f"{kind}/{service}"
    return fill("mark.sql.j2", name=name, kind=kind.split("-")[-1], object=thing, mark=value, connect=connect)
