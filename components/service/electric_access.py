"""The parts of a service's ElectricSQL that outlive its containers."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions

from render import environment, sql, verb
from settings import stream_id

from ..names import container_name
from ..secret import secret
from ..volume import volume
from .args import ServiceArgs
from .database import Database


@dataclass(frozen=True, kw_only=True)
class ElectricAccessArgs(ServiceArgs):
    """A service, and the database that its Electric reads."""

    database: Database


class ElectricAccess(pulumi.ComponentResource):
    """Electric's role, secret, storage and slot. All are removed with the service."""

    secret: Output[str]
    login: Output[str]
    environment: Output[Mapping[str, str]]
    secrets: Output[list[str]]
    """The values that its log must not show."""

    def __init__(self, name: str, args: ElectricAccessArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:service:ElectricAccess", name, {}, opts)
        service, settings, database = args.service, args.settings.electric, args.database.name
        assert settings
        self.secret = secret(f"{name}-secret", f"{service}_ELECTRIC_SECRET", parent=self)
        password = secret(f"{name}-password", f"{service}_ELECTRIC_DATABASE_PASSWORD", parent=self)
        group, stream = args.database.electric_group, stream_id(service, settings)
        self.login = password.apply(lambda value: sql.login(group, value))
        self.ready = self._create_role(name, args, password)
        self.storage = volume(
            f"{name}-storage", container_name(f"{service}-electric"), args.platform.host, parent=self, protect=False
        )
        self.environment = Output.all(login=self.login, password=password, secret=self.secret).apply(
            lambda values: environment.electric(
                database_url=environment.postgres_url(
                    values["login"], values["password"], database, "?sslmode=disable"
                ),
                secret=values["secret"],
                stream_id=stream,
                pool_size=settings.pool_size,
                env=settings.env,
            )
        )
        self.secrets = self.environment.apply(lambda values: environment.secret_values(values, env=settings.env))
        self.register_outputs({})

    def _create_role(self, name: str, args: ElectricAccessArgs, password: Output[str]) -> pulumi.Resource:
        """Declares the step that creates the role. Runs again for a new login or PostgreSQL, and after drift."""
        service, settings, database = args.service, args.settings.electric, args.database.name
        assert settings
        host, postgres = args.platform.host, args.platform.postgres
        group, stream = args.database.electric_group, stream_id(service, settings)
        is_sharer = args.database.sharer is not None
        fingerprint = host.fingerprint(f"electric-login/{service}")
        return host.command(
            f"{name}-sql",
            verb.line(
                "electric-role",
                service,
                database,
                owner=sql.owner(database),
                group=group,
                connections=args.settings.connections["electric"],
                publication=sql.publication(stream) if is_sharer else None,
                postgres=postgres.container_name,
            ),
            stdin=Output.all(password=password, login=self.login, fingerprint=fingerprint).apply(verb.stdin),
            delete=verb.line(
                "electric-role-remove",
                pulumi.get_stack(),
                service,
                database,
                group=group,
                slot=sql.slot(stream),
                publication=sql.publication(stream),
                drop_group=[] if is_sharer else None,
                postgres=postgres.container_name,
            ),
            reruns_on={"POSTGRES": postgres.container.id, "FINGERPRINT": fingerprint},
            parent=self,
            depends_on=[args.database.ready],
        )
