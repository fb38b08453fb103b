"""The environment of the app and of its migrations."""

import pulumi
from pulumi import Output

from render import environment, nginx

from ..secret import config_secret, secret
from .accounts import Accounts
from .args import ServiceArgs


def app_environment(
    args: ServiceArgs, accounts: Accounts, parent: pulumi.Resource
) -> tuple[Output[dict[str, str]], Output[dict[str, str]]]:
    """Returns all variables of the app's container, with the secret ones; then those of its migrations.

    They differ in the login in `DATABASE_URL`, and in the variables of `env` that contain `${DATABASE_URL}`.
    """
    name, settings, services = args.service, args.settings, args.platform.settings.services
    app, (database, electric, redis) = settings.app, (accounts.database, accounts.electric, accounts.redis)
    electric_url = f"http://{nginx.electric_name(name)}:{environment.ELECTRIC_PORT}"
    values = Output.all(
        secret_key_base=secret(f"{name}-key", f"{name}_SECRET_KEY_BASE", parent=parent, length=64),
        redis_url=redis.url if redis else None,
        electric_secret=electric.secret if electric else None,
        read_urls={owner: reader.url for owner, reader in accounts.readers.items()},
        secrets={key: config_secret(f"{name}_{key}") for key in app.secrets},
    )

    def variables(database_url: Output[str] | None) -> Output[dict[str, str]]:
        return Output.all(values, database_url).apply(
            lambda pair: environment.app(
                port=app.port,
                domain=settings.domain,
                database_url=pair[1],
                redis_prefix=redis.prefix if redis else None,
                pool_size=settings.database.pool_size if settings.database else None,
                electric_url=electric_url if electric else None,
                calls={called: services[called].app.port for called in app.calls},
                env=app.env,
                **pair[0],
            )
        )

    return variables(database.url if database else None), variables(database.migrate_url if database else None)
