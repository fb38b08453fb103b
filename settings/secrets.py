"""The keys of a stack file that hold a secret each."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .suggest import suggestion

PLATFORM_SECRETS = ("registry_token",)
# Passwords that were set in this way once, and what is in their place.
REPLACED_SECRETS = {
    "POSTGRES_PASSWORD": "the role postgres has no password any more; take it out",
    "REDIS_PASSWORD": "each service has a password of its own; set <service>_REDIS_PASSWORD, or take it out",
}
SERVICE_SECRETS = (
    "SECRET_KEY_BASE",
    "ELECTRIC_SECRET",
    "DATABASE_PASSWORD",
    "ELECTRIC_DATABASE_PASSWORD",
    "REDIS_PASSWORD",
)


def key_mistakes(raw: Mapping[str, Any], secrets: Collection[str], settings: Collection[str]) -> Iterator[str]:
    """Keys that mean nothing, and secrets in plain text where the platform is a real one."""
    services = raw["services"] if isinstance(raw.get("services"), dict) else {}
    named = {
        f"{name}_{secret}" for name, block in services.items() for secret in (*SERVICE_SECRETS, *_secrets_of(block))
    }
    local = isinstance(raw.get("host"), dict) and raw["host"].get("kind") == "local"
    for key in raw:
        if key in settings:
            if key in secrets:
                yield f"{key}: is encrypted, but holds settings; keep secrets as keys of their own"
        elif key in REPLACED_SECRETS:
            yield f"{key}: {REPLACED_SECRETS[key]}"
        elif key not in named and key not in PLATFORM_SECRETS:
            known, service = [*settings, *PLATFORM_SECRETS, *named], key.partition("_")[0]
            place = f"name it in services/{service}/app/secrets or " if service in services else ""
            yield f"{key}: is not a known setting{suggestion(key, known, place)}"
        elif key not in secrets and not local:
            yield f"{key}: is a secret in plain text; set it again with `pulumi config set --secret {key}`"
        elif raw[key] == "":
            yield f"{key}: is empty; set it with `pulumi config set --secret {key}`, or take it out"
        elif key.endswith("_SECRET_KEY_BASE") and isinstance(raw[key], str) and len(raw[key]) < 64:
            yield f"{key}: must be 64 characters or more, or Phoenix refuses it; take it out to have one generated"


def _secrets_of(block: Any) -> list[str]:
    app = block.get("app") if isinstance(block, dict) else None
    names = app.get("secrets") if isinstance(app, dict) else None
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
