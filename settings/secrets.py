"""The keys of a stack file that each hold one secret."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .backup import backup_secrets
from .suggest import suggestion

PLATFORM_SECRETS = ("registry_token",)
# Keys of earlier versions, and what replaces them.
REPLACED_SECRETS = {
    "POSTGRES_PASSWORD": "the role postgres has no password any more; remove it",
    "REDIS_PASSWORD": "each service has its own password; set <service>_REDIS_PASSWORD, or remove it",
}
SERVICE_SECRETS = (
    "SECRET_KEY_BASE",
    "ELECTRIC_SECRET",
    "DATABASE_PASSWORD",
    "ELECTRIC_DATABASE_PASSWORD",
    "REDIS_PASSWORD",
)


def key_mistakes(raw: Mapping[str, Any], secrets: Collection[str], settings: Collection[str]) -> Iterator[str]:
    """Yields unknown keys, and on a platform that is not local, secrets in plain text."""
    services = raw["services"] if isinstance(raw.get("services"), dict) else {}
    service_secrets = {
        f"{name}_{secret}" for name, block in services.items() for secret in (*SERVICE_SECRETS, *_secrets_of(block))
    }
    sites = raw["sites"] if isinstance(raw.get("sites"), dict) else {}
    service_secrets |= {f"{n}_BASIC_AUTH" for n, block in sites.items() if isinstance(block, dict) and "auth" in block}
    platform_secrets = (*PLATFORM_SECRETS, *backup_secrets(raw.get("backup")))
    is_local = isinstance(raw.get("host"), dict) and raw["host"].get("kind") == "local"
    for key in raw:
        if key in settings:
            if key in secrets:
                yield f"{key}: is encrypted, but holds settings; keep each secret under its own key"
        elif key in REPLACED_SECRETS:
            yield f"{key}: {REPLACED_SECRETS[key]}"
        elif key not in service_secrets and key not in platform_secrets:
            valid_keys, service = [*settings, *platform_secrets, *service_secrets], key.partition("_")[0]
            alternative = f"name it in services/{service}/app/secrets or " if service in services else ""
            yield f"{key}: is not a known setting{suggestion(key, valid_keys, alternative)}"
        elif key not in secrets and not is_local:
            yield f"{key}: is a secret in plain text; set it again with `pulumi config set --secret {key}`"
        elif raw[key] == "":
            yield f"{key}: is empty; set it with `pulumi config set --secret {key}`, or remove it"
        elif key.endswith("_SECRET_KEY_BASE") and isinstance(raw[key], str) and len(raw[key]) < 64:
            yield f"{key}: must be 64 characters or more, or Phoenix refuses it; remove it to generate one"


def _secrets_of(block: Any) -> list[str]:
    app = block.get("app") if isinstance(block, dict) else None
    names = app.get("secrets") if isinstance(app, dict) else None
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
