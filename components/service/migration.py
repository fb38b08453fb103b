"""A service's app: what it is given, and its migrations."""

from collections.abc import Sequence

import pulumi
from pulumi import Output

from render import environment, nginx, verb
from settings import Service

from ..image import Image
from ..names import container_name
from ..platform.platform import Platform
from ..secret import given, secret
from .database import Database
from .electric import ElectricAccess
from .redis_user import RedisUser


def app_environment(
    name: str,
    service: Service,
    database: Database | None,
    electric: ElectricAccess | None,
    redis: RedisUser | None,
    platform: Platform,
    parent: pulumi.Resource,
) -> Output[dict[str, str]]:
    """Everything the app is given, secrets among it."""
    app, every = service.app, platform.settings.services
    known = Output.all(
        secret_key_base=secret(f"{name}-key", f"{name}_SECRET_KEY_BASE", parent=parent, length=64),
        database_url=database.url if database else None,
        redis_url=redis.url if redis else None,
        electric_secret=electric.secret if electric else None,
        secrets={key: given(f"{name}_{key}") for key in app.secrets},
    )
    return known.apply(
        lambda known: environment.app(
            port=app.port,
            domain=service.domain,
            redis_prefix=redis.prefix if redis else None,
            pool_size=service.database.pool_size if service.database else None,
            electric_url=f"http://{nginx.electric_name(name)}:{environment.ELECTRIC_PORT}" if electric else None,
            calls={called: every[called].app.port for called in app.calls},
            env=app.env,
            **known,
        )
    )


def stable_names(name: str, service: Service, platform: Platform) -> dict[str, str]:
    """The names that the app may call, with the address of the gateway: it leads on to what passed its gate."""
    every = platform.settings.services
    names = [stable for called in service.app.calls for stable in (called, *every[called].names)]
    if service.electric:
        names.append(nginx.electric_name(name))
    return dict.fromkeys(names, platform.nginx.address)


def migration(
    name: str,
    service: Service,
    image: Image,
    given_to_it: Output[dict[str, str]],
    database: Database | None,
    platform: Platform,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> list[pulumi.Resource]:
    """The migrations of a new image, once for each image and configuration, before its containers are made."""
    app = service.app
    if not (app.migrate and database):
        return []
    given = Output.all(given_to_it, database.migrate_url).apply(lambda known: {**known[0], "DATABASE_URL": known[1]})
    told = Output.all(image=image.reference, environment=given, login=database.migrate_login).apply(
        lambda known: verb.told(
            {
                **known,
                "command": app.migrate,
                "network": platform.settings.network.name,
                "memory_mb": app.memory_mb,
                "secrets": environment.secret_values(known["environment"], app.secrets),
            }
        )
    )
    step = platform.host.verb(
        f"{name}-migrate",
        verb.line(
            "migrate",
            pulumi.get_stack(),
            name,
            database.name,
            container=container_name(f"{name}-migrate"),
            postgres=platform.postgres.container_name,
            timeout=app.migrate_timeout_s,
        ),
        told=told,
        reruns_on={"GENERATION": str(app.migrate_generation)},
        parent=parent,
        depends_on=depends_on,
    )
    return [step]
