"""What the containers are given: environments and health checks."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from settings import Health

ELECTRIC_PORT = 3000
ELECTRIC_STORAGE = "/var/lib/electric"
"""The volume of its shapes, in which each image has a folder of its own: another version empties the one it finds."""
SECRET = ("DATABASE_URL", "ELECTRIC_SECRET", "REDIS_URL", "SECRET_KEY_BASE")
"""What of the environment below is secret; a service's own `secrets` come on top."""


def postgres_url(user: str, password: str, database: str, parameters: str = "") -> str:
    """A connection URL; user and password are encoded, since an operator may have chosen them."""
    return f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@postgres:5432/{database}{parameters}"


def redis_url(user: str, password: str) -> str:
    """The URL of the shared Redis for one user."""
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
    calls: Mapping[str, int],
    env: Mapping[str, str],
    secrets: Mapping[str, str],
) -> dict[str, str]:
    """The app's environment; `calls` are the ports of the services it calls, by their names."""
    given = {
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
        **{f"{name.replace('-', '_').upper()}_URL": f"http://{name}:{port}" for name, port in calls.items()},
    }
    return {name: value for name, value in given.items() if value is not None} | dict(env) | dict(secrets)


def frontend(*, port: int, env: Mapping[str, str]) -> dict[str, str]:
    """The frontend's environment."""
    return {"PORT": str(port), **env}


def electric(
    *, database_url: str, secret: str, stream_id: str, pool_size: int, env: Mapping[str, str]
) -> dict[str, str]:
    """Electric's environment. Its read timeout is above nginx's, or keep-alive connections end in stray 502s."""
    return {
        "DATABASE_URL": database_url,
        "ELECTRIC_SECRET": secret,
        "ELECTRIC_REPLICATION_STREAM_ID": stream_id,
        "ELECTRIC_PORT": str(ELECTRIC_PORT),
        "ELECTRIC_DB_POOL_SIZE": str(pool_size),
        "ELECTRIC_TCP_READ_TIMEOUT": "120s",
        # Old and new share the volume while they change over.
        "ELECTRIC_SHAPE_DB_EXCLUSIVE_MODE": "true",
        "CLEANUP_REPLICATION_SLOTS_ON_SHUTDOWN": "false",
        # Each `where` is another shape on disk, and Electric itself has no limit: what was asked for least lately goes.
        "ELECTRIC_MAX_SHAPES": "1000",
        **env,
    }


def secret_values(environment: Mapping[str, str], secrets: Iterable[str] = ()) -> list[str]:
    """What a log must not show, for a verb to mask."""
    return [environment[name] for name in (*SECRET, *secrets) if name in environment]


def health_check(health: Health, port: int) -> list[str]:
    """The command that asks a part whether it serves, by the tool that its image has."""
    # Not localhost: BusyBox tries its first address only, which may be IPv6.
    url = f"http://127.0.0.1:{port}{health.path}"
    if health.tool == "wget":
        return ["wget", "-q", "-T", "3", "-O", "/dev/null", url]
    return ["curl", "-fsS", "-m", "3", "-o", "/dev/null", url]


def electric_storage(image: str) -> str:
    """The folder of an image's shapes on the volume, by its digest."""
    return image.rpartition("sha256:")[2][:12]


def electric_check(*accepted: str) -> list[str]:
    """The command that asks Electric whether its status is one of these: `curl -f` takes each of them for health."""
    statuses = "|".join(f"*'\"{status}\"'*" for status in accepted)
    ask = f"curl -s -m 3 http://127.0.0.1:{ELECTRIC_PORT}/v1/health"
    return ["sh", "-c", f'case "$({ask})" in {statuses}) ;; *) exit 1 ;; esac']
