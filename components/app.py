"""A service's app: what it is given, and its migrations."""

from collections.abc import Sequence

import pulumi
from pulumi import Output

from render import environment, nginx, shell
from settings import Service

from .database import Database
from .electric import ElectricAccess
from .image import Image
from .names import container_name, labels
from .platform import Platform
from .redis_user import RedisUser
from .secret import given, secret


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
    if not app.migrate:
        return []
    command, on_host = app.migrate, container_name(f"{name}-migrate")
    options = [
        *("--network", platform.settings.network.name),
        *("--memory", f"{app.memory_mb}m", "--memory-swap", f"{app.memory_mb}m"),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        *(word for key, value in labels(name, "migrate").items() for word in ("--label", f"{key}={value}")),
    ]
    postgres = platform.postgres.container_name
    login = database.login if database else None
    text = Output.all(image=image.reference, env=given_to_it, login=login).apply(
        lambda known: shell.migrate(
            name,
            on_host,
            known["image"],
            command,
            options,
            sorted(known["env"]),
            [*environment.SECRET, *app.secrets],
            app.migrate_timeout_s,
            shell.psql(postgres) if database else "",
            shell.psql(postgres, database.name, known["login"]) if database else "",
        )
    )
    step = platform.host.command(
        f"{name}-migrate",
        # Only the names of the environment are in it, though they are read off the secret whole.
        Output.unsecret(text),
        stdin=given_to_it.apply(shell.exports),
        reruns_on={"GENERATION": str(app.migrate_generation)},
        parent=parent,
        depends_on=depends_on,
    )
    return [step]
