"""The app's environment."""

import pulumi
from pulumi import Output

from render import environment, nginx

from ..secret import config_secret, secret
from .accounts import Accounts
from .args import ServiceArgs


def app_environment(args: ServiceArgs, accounts: Accounts, parent: pulumi.Resource) -> Output[dict[str, str]]:
    """Returns all variables of the app's container, with the secret ones."""
    name, settings, services = args.service, args.settings, args.platform.settings.services
    app, (database, electric, redis) = settings.app, (accounts.database, accounts.electric, accounts.redis)
    electric_url = f"http://{nginx.electric_name(name)}:{environment.ELECTRIC_PORT}"
    return Output.all(
        secret_key_base=secret(f"{name}-key", f"{name}_SECRET_KEY_BASE", parent=parent, length=64),
        database_url=database.url if database else None,
        redis_url=redis.url if redis else None,
        electric_secret=electric.secret if electric else None,
        read_urls={owner: reader.url for owner, reader in accounts.readers.items()},
        secrets={key: config_secret(f"{name}_{key}") for key in app.secrets},
    ).apply(
        lambda secrets: environment.app(
            port=app.port,
            domain=settings.domain,
            redis_prefix=redis.prefix if redis else None,
            pool_size=settings.database.pool_size if settings.database else None,
            electric_url=electric_url if electric else None,
            calls={called: services[called].app.port for called in app.calls},
            env=app.env,
            **secrets,
        )
    )
