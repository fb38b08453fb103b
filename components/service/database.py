"""A service's database on the shared PostgreSQL, its own or another service's."""

import pulumi
from pulumi import Output, ResourceOptions

from render import environment, sql, verb

from ..secret import secret
from .args import ServiceArgs


class Database(pulumi.ComponentResource):
    """Database, owner and logins. The database is kept when the service is removed; its logins are dropped.

    Each service on a database creates it if it is missing, so no service waits for another.
    """

    password: Output[str]
    url: Output[str]
    login: Output[str]
    migrate_url: Output[str]
    migrate_login: Output[str]

    def __init__(self, name: str, args: ServiceArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:service:Database", name, {}, opts)
        assert args.settings.database
        self.name = database = args.settings.database.name
        self.sharer = args.service if args.settings.database.of else None
        """The service, if the database is another one's."""
        self.prefix = prefix = sql.login_prefix(database, self.sharer)
        self.electric_group = sql.electric_group(database, self.sharer)
        self.password = password = secret(f"{name}-password", f"{args.service}_DATABASE_PASSWORD", parent=self)
        self.login = password.apply(lambda value: sql.login(prefix, value))
        self.migrate_login = password.apply(lambda value: sql.login(sql.migration_prefix(prefix), value))
        self.url, self.migrate_url = (
            Output.all(login, password).apply(lambda pair: environment.postgres_url(pair[0], pair[1], database))
            for login in (self.login, self.migrate_login)
        )
        self.ready = self._create(name, args, password)
        self.register_outputs({})

    def _create(self, name: str, args: ServiceArgs, password: Output[str]) -> pulumi.Resource:
        """Declares the step that creates it. Runs again for a new login or PostgreSQL container, and after drift."""
        settings, postgres, host = args.settings, args.platform.postgres, args.platform.host
        assert settings.database
        owner, extensions, migrates = (
            sql.owner(self.name),
            settings.database.extensions,
            settings.app.migrate is not None,
        )
        listed = [name for name in extensions if name in args.platform.settings.postgres.superuser_extensions]
        fingerprints = {
            kind: host.fingerprint(f"{kind}/{args.service}") for kind in ("login", *(["migrate-login"] * migrates))
        }
        superuser = {"superuser_extensions": listed} if listed else {}
        return host.command(
            f"{name}-sql",
            verb.line(
                "database",
                args.service,
                self.name,
                owner=owner,
                connections=settings.connections["app"],
                migrate_connections=settings.connections["migrate"] if migrates else None,
                lock_timeout=settings.app.migrate_lock_timeout_s if migrates else None,
                postgres=postgres.container_name,
            ),
            stdin=Output.all(
                password=password,
                login=self.login,
                migrate_login=self.migrate_login,
                fingerprints=fingerprints,
            ).apply(lambda values: verb.stdin({"extensions": extensions, **superuser, **values})),
            delete=verb.line(
                "database-leave",
                args.service,
                self.name,
                owner=owner,
                prefix=self.prefix if self.sharer else None,
                postgres=postgres.container_name,
            ),
            reruns_on={
                "POSTGRES": postgres.container.id,
                "FINGERPRINT": Output.all(*fingerprints.values()).apply(" ".join),
            },
            parent=self,
            depends_on=[postgres.ready],
        )
