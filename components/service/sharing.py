"""What a service leaves on another service's database when it no longer uses it."""

import pulumi

from render import sql, verb
from settings import stream_id

from .args import ServiceArgs
from .database import Database


def declare_leave(
    name: str, args: ServiceArgs, database: Database, *, parent: pulumi.Resource, after: list[pulumi.Resource]
) -> pulumi.Resource:
    """Declares a step that does nothing, but whose `delete` drops what the service has on this database.

    The steps of its accounts change in place, so they cannot do that when the service gets another database. `name`
    contains the database's, so this step is another one then.
    """
    electric, postgres = args.settings.electric, args.platform.postgres
    stream = stream_id(args.service, electric) if electric else None
    names = {"owner": sql.owner(database.name), "prefix": database.prefix, "group": database.electric_group}
    if stream:
        names |= {"slot": sql.slot(stream), "publication": sql.publication(stream)}
    return args.platform.host.command(
        name,
        verb.line("nothing"),
        stdin=verb.stdin(names),
        delete=verb.line("sharer-leave", args.service, database.name, postgres=postgres.container_name),
        parent=parent,
        depends_on=after,
    )
