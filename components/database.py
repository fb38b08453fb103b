"""A service's database on the shared PostgreSQL."""

import pulumi
from pulumi import Output, ResourceOptions

from render import drift as render
from render import environment, shell, sql
from settings import Database as DatabaseSettings

from .drift import Drift
from .host import Host
from .postgres import Postgres
from .secret import secret


class Database(pulumi.ComponentResource):
    """Database, owner and login. It is kept when the service is taken out; only its logins go."""

    url: Output[str]
    login: Output[str]

    def __init__(
        self,
        name: str,
        service: str,
        settings: DatabaseSettings,
        connections: int,
        postgres: Postgres,
        host: Host,
        drift: Drift,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("sertantai:service:Database", name, {}, opts)
        self.name = settings.name
        password = secret(f"{name}-password", f"{service}_DATABASE_PASSWORD", parent=self)
        drop = sql.drop_logins(sql.owner(self.name), self.name)
        self.ready = host.command(
            f"{name}-sql",
            shell.psql(postgres.container_name),
            stdin=Output.all(password=password, mark=drift.of(f"login/{service}")).apply(
                lambda known: (
                    sql.database(self.name, settings.extensions, known["password"], connections)
                    + render.mark("login", service, sql.login(self.name, known["password"]), known["mark"])
                )
            ),
            delete=f"{shell.psql_with(postgres.container_name, drop + render.unmark(service), self.name)}"
            f"echo '{service}: its database {self.name} is kept; "
            f"to drop it: docker exec {postgres.container_name} dropdb -U postgres {self.name}'",
            reruns_on={"POSTGRES": postgres.container.id},
            parent=self,
            depends_on=[postgres.ready],
        )
        self.login = password.apply(lambda value: sql.login(self.name, value))
        self.url = password.apply(lambda value: environment.postgres_url(sql.login(self.name, value), value, self.name))
        self.register_outputs({})
