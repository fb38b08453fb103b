"""A service's database on the shared PostgreSQL."""

import pulumi
from pulumi import Output, ResourceOptions

from render import environment, sql, verb
from settings import Service

from ..drift import Drift
from ..host import Host
from ..platform.postgres import Postgres
from ..secret import secret


class Database(pulumi.ComponentResource):
    """Database, owner and logins. It is kept when the service is taken out; only its logins go."""

    url: Output[str]
    login: Output[str]
    migrate_url: Output[str]
    migrate_login: Output[str]

    def __init__(
        self,
        name: str,
        service: str,
        settings: Service,
        postgres: Postgres,
        host: Host,
        drift: Drift,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("sertantai:service:Database", name, {}, opts)
        assert settings.database
        self.name = database = settings.database.name
        owner, extensions = sql.owner(database), settings.database.extensions
        password = secret(f"{name}-password", f"{service}_DATABASE_PASSWORD", parent=self)
        self.login = password.apply(lambda value: sql.login(database, value))
        self.migrate_login = password.apply(lambda value: sql.login(sql.migrating(database), value))
        self.url, self.migrate_url = (
            Output.all(login, password).apply(lambda known: environment.postgres_url(known[0], known[1], database))
            for login in (self.login, self.migrate_login)
        )
        migrates = settings.app.migrate is not None
        self.ready = host.verb(
            f"{name}-sql",
            verb.line(
                "database",
                service,
                database,
                owner=owner,
                connections=settings.connections["app"],
                migrate_connections=settings.connections["migrate"] if migrates else None,
                lock_timeout=settings.app.migrate_lock_timeout_s if migrates else None,
                postgres=postgres.container_name,
            ),
            told=Output.all(
                password=password,
                login=self.login,
                migrate_login=self.migrate_login,
                fingerprints={
                    kind: drift.of(f"{kind}/{service}") for kind in ("login", *(["migrate-login"] * migrates))
                },
            ).apply(lambda known: verb.told({"extensions": extensions, **known})),
            delete=verb.line("database-leave", service, database, owner=owner, postgres=postgres.container_name),
            reruns_on={"POSTGRES": postgres.container.id},
            parent=self,
            depends_on=[postgres.ready],
        )
        self.register_outputs({})
