"""The variables that the platform gives to a service's containers, and `${NAME}` in the values of `env`."""

import re
from collections.abc import Collection, Iterator, Mapping

from .service import Service
from .shared_databases import read_variable

REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
"""`$${` or `${NAME}`. In a value, each `${` is the beginning of one of the two."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def given_names(service: Service, part: str) -> list[str]:
    """Returns the names of all variables that the platform gives to a part of the service: see `render.environment`."""
    if part == "frontend":
        return ["PORT"]
    if part == "electric":
        return [
            *("DATABASE_URL", "ELECTRIC_SECRET", "ELECTRIC_REPLICATION_STREAM_ID", "ELECTRIC_PORT"),
            *("ELECTRIC_DB_POOL_SIZE", "ELECTRIC_TCP_READ_TIMEOUT", "ELECTRIC_SHAPE_DB_EXCLUSIVE_MODE"),
            *("CLEANUP_REPLICATION_SLOTS_ON_SHUTDOWN", "ELECTRIC_MAX_SHAPES"),
        ]
    return [
        *("PORT", "PHX_SERVER", "SECRET_KEY_BASE"),
        *(["PHX_HOST"] if service.domain else []),
        *(["DATABASE_URL", "POOL_SIZE"] if service.database else []),
        *(["REDIS_URL", "REDIS_PREFIX"] if service.redis else []),
        *(["ELECTRIC_URL", "ELECTRIC_SECRET"] if service.electric else []),
        *map(read_variable, service.database.reads if service.database else []),
        *map(url_name, service.app.calls),
    ]


def url_name(called: str) -> str:
    """Returns the name of the variable with the URL of a service that the app calls."""
    return f"{called.replace('-', '_').upper()}_URL"


def references(value: str) -> set[str]:
    """Returns the names in `${NAME}` of a value."""
    return {match[1] for match in REFERENCE.finditer(value) if match[1] is not None}


def reference_mistakes(name: str, service: Service) -> Iterator[str]:
    """Yields each `${NAME}` that names nothing that the part of the service has."""
    for part, block in service.parts().items():
        names = {*given_names(service, part), *(service.app.secrets if part == "app" else [])}
        secret = f"name a secret in services/{name}/app/secrets, " if part == "app" else ""
        advice = f"use one of {', '.join(sorted(names))}, {secret}or write $${{ for a literal ${{"
        for variable, value in block.env.items():
            for wrong in _mistakes_in(value, names, block.env):
                yield f"services/{name}/{part}/env/{variable}: {wrong}; {advice}"


def _mistakes_in(value: str, names: Collection[str], env: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(references(value).difference(names)):
        if name in env:
            yield f"${{{name}}} is another variable of env, which cannot be used here"
        elif _NAME.fullmatch(name):
            yield f"${{{name}}} is not given to this part"
        else:
            # Not shown: it may be a part of a password.
            yield "${...} contains no name"
    if "${" in REFERENCE.sub(" ", value):
        yield "${ has no } after it"
