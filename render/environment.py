"""The containers' environments and health checks."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from settings import REFERENCE, Health, Service, read_variable, references, url_name

ELECTRIC_PORT = 3000
ELECTRIC_STORAGE = "/var/lib/electric"
"""The volume of its shapes. Each image has its own folder there: another version of Electric empties what it finds."""
SECRET_VARIABLES = ("DATABASE_URL", "ELECTRIC_SECRET", "REDIS_URL", "SECRET_KEY_BASE")
"""The platform's secret variables. A service's `secrets` are secret too, and the URLs of the databases it reads."""


def postgres_url(user: str, password: str, database: str, parameters: str = "") -> str:
    """Returns a connection URL. User and password are encoded: an operator may have chosen them."""
    return f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@postgres:5432/{database}{parameters}"


def redis_url(user: str, password: str) -> str:
    """Returns the URL of the shared Redis for one user."""
    return f"redis://{user}:{quote(password, safe='')}@redis:6379/0"


def app(
    *,
    port: int,
    domain: str | None,
    secret_key_base: str,
    database_url: str | None,
    pool_size: int | None,
    redis_url: str | None,
    redis_prefix: str | None,
    electric_url: str | None,
    electric_secret: str | None,
    read_urls: Mapping[str, str],
    calls: Mapping[str, int],
    env: Mapping[str, str],
    secrets: Mapping[str, str],
) -> dict[str, str]:
    """Returns the app's environment. `calls` are the ports of the services that it calls, by name.

    `read_urls` are the URLs of the databases that it may read, by the owner's name.
    """
    variables = {
        "PORT": str(port),
        "PHX_HOST": domain,
        "PHX_SERVER": "true",
        "DATABASE_URL": database_url,
        "POOL_SIZE": str(pool_size) if pool_size else None,
        "SECRET_KEY_BASE": secret_key_base,
        "REDIS_URL": redis_url,
        "REDIS_PREFIX": redis_prefix,
        "ELECTRIC_URL": electric_url,
        "ELECTRIC_SECRET": electric_secret,
        **{read_variable(owner): url for owner, url in read_urls.items()},
        **{url_name(name): f"http://{name}:{port}" for name, port in calls.items()},
    }
    given = {name: value for name, value in variables.items() if value is not None}
    return given | compose(env, given | dict(secrets)) | dict(secrets)


def frontend(*, port: int, env: Mapping[str, str]) -> dict[str, str]:
    """Returns the frontend's environment."""
    given = {"PORT": str(port)}
    return given | compose(env, given)


def electric(
    *, database_url: str, secret: str, stream_id: str, pool_size: int, env: Mapping[str, str]
) -> dict[str, str]:
    """Returns Electric's environment. Its read timeout is longer than nginx's: else reused connections return 502."""
    given = {
        "DATABASE_URL": database_url,
        "ELECTRIC_SECRET": secret,
        "ELECTRIC_REPLICATION_STREAM_ID": stream_id,
        "ELECTRIC_PORT": str(ELECTRIC_PORT),
        "ELECTRIC_DB_POOL_SIZE": str(pool_size),
        "ELECTRIC_TCP_READ_TIMEOUT": "120s",
        # The old and the new Electric share the volume during the cut-over.
        "ELECTRIC_SHAPE_DB_EXCLUSIVE_MODE": "true",
        "CLEANUP_REPLICATION_SLOTS_ON_SHUTDOWN": "false",
        # Each different `where` is a shape on disk, and Electric has no limit by default. The least recently used go.
        "ELECTRIC_MAX_SHAPES": "1000",
    }
    return given | compose(env, given)


def compose(env: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """Returns `env` with the value of a variable in place of each `${NAME}`, and `${` in place of each `$${`."""
    return {
        name: REFERENCE.sub(lambda match: "${" if match[1] is None else variables[match[1]], value)
        for name, value in env.items()
    }


def secret_names(service: Service) -> list[str]:
    """Returns the names of the app's secret variables that only this service has."""
    reads = service.database.reads if service.database else []
    return [*service.app.secrets, *map(read_variable, reads)]


def secret_values(
    environment: Mapping[str, str], secrets: Iterable[str] = (), env: Mapping[str, str] | None = None
) -> list[str]:
    """Returns the secret values of an environment, for a verb to mask in logs.

    `env` has the stack file's variables: the value of one that names a secret in `${NAME}` is secret too.
    """
    names = [*SECRET_VARIABLES, *secrets]
    composed = [name for name, value in (env or {}).items() if references(value) & {*names}]
    return [environment[name] for name in [*names, *composed] if name in environment]


def health_check(health: Health, port: int) -> list[str]:
    """Returns the command of a part's health check, with the tool in its image."""
    # Not localhost: BusyBox tries only the first address, which may be IPv6.
    url = f"http://127.0.0.1:{port}{health.path}"
    if health.tool == "wget":
        return ["wget", "-q", "-T", "3", "-O", "/dev/null", url]
    return ["curl", "-fsS", "-m", "3", "-o", "/dev/null", url]


def electric_storage(image: str) -> str:
    """Returns the folder of an image's shapes on the volume: 12 characters of its digest."""
    return image.rpartition("sha256:")[2][:12]


def electric_check(*accepted: str) -> list[str]:
    """Returns a command that succeeds if Electric has one of these statuses. `curl -f` would accept any status."""
    statuses = "|".join(f"*'\"{status}\"'*" for status in accepted)
    request = f"curl -s -m 3 http://127.0.0.1:{ELECTRIC_PORT}/v1/health"
    return ["sh", "-c", f'case "$({request})" in {statuses}) ;; *) exit 1 ;; esac']
