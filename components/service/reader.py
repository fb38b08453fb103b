"""A service's read-only login to another service's database."""

from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions

from render import environment, sql, verb
from settings import reader_kind

from .args import ServiceArgs


@dataclass(frozen=True, kw_only=True)
class ReaderArgs(ServiceArgs):
    """A service, the owner of the database that it reads, and the password of its own database's logins."""

    owner: str
    password: Output[str]


class Reader(pulumi.ComponentResource):
    """A login that may read all tables of a database, those of later migrations too, and change nothing."""

    url: Output[str]
    login: Output[str]

    def __init__(self, name: str, args: ReaderArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:service:Reader", name, {}, opts)
        owner = args.platform.settings.services[args.owner].database
        assert owner
        self.database = database = owner.name
        self.group = sql.readers_group(database)
        self.login = args.password.apply(lambda password: sql.reader_login(args.service, database, password))
        self.url = Output.all(self.login, args.password).apply(
            lambda pair: environment.postgres_url(pair[0], pair[1], database)
        )
        self.ready = self._create(name, args)
        self.register_outputs({})

    def _create(self, name: str, args: ReaderArgs) -> pulumi.Resource:
        """Declares the step that creates it. Runs again for a new login or PostgreSQL container, and after drift.

        It creates the database too if that is missing, so the service does not wait for the owner.
        """
        host, postgres = args.platform.host, args.platform.postgres
        kind = reader_kind(args.owner)
        words = [args.service, args.owner, self.database]
        roles = {"owner": sql.owner(self.database), "group": self.group}
        fingerprint = host.fingerprint(f"{kind}/{args.service}")
        return host.command(
            f"{name}-sql",
            verb.line(
                "reader",
                *words,
                **roles,
                connections=args.settings.connections[kind],
                postgres=postgres.container_name,
            ),
            stdin=Output.all(password=args.password, login=self.login, fingerprint=fingerprint).apply(verb.stdin),
            delete=verb.line(
                "reader-remove",
                *words,
                **roles,
                prefix=sql.reader_prefix(args.service),
                postgres=postgres.container_name,
            ),
            reruns_on={"POSTGRES": postgres.container.id, "FINGERPRINT": fingerprint},
            parent=self,
            depends_on=[postgres.ready],
        )
