"""Reads a stack file's values into `Settings`, or reports all mistakes at once."""

import json
import os
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any

from pydantic import TypeAdapter

from . import checks, shared_databases, stopped
from .backup import backup_mistakes
from .host import HetznerHost
from .mistakes import Mistakes, report
from .names import ServiceName, StackName
from .postgres import postgres_mistakes
from .secrets import key_mistakes
from .service import Service
from .settings import Settings
from .sites import site_mistakes
from .stack_file import PROJECT, StackFile
from .validation import validate
from .variables import reference_mistakes
from .volumes import volume_mistakes


def load() -> Settings:
    """Returns the settings of the current stack. Raises one `pulumi.RunError` with all mistakes."""
    import pulumi

    file = _program_stack_file()
    token = file.values.get("hcloud:token") or os.environ.get("HCLOUD_TOKEN")
    try:
        return read(file, checks.token_mistakes(file.setting("host"), token))
    except Mistakes as error:
        raise pulumi.RunError(report(file.name, error.lines)) from None


def read(file: StackFile, more: Iterable[str] = ()) -> Settings:
    """Returns the settings in a stack file. Raises `Mistakes` with all of its mistakes, and `more` if there are any."""
    mistakes = [*more]
    validate(TypeAdapter(StackName), file.name, ("stack",), mistakes)
    if "hcloud:token" in file.values and "hcloud:token" not in file.encrypted:
        mistakes.append(
            "hcloud:token: is a secret in plain text; set it again with `pulumi config set --secret hcloud:token`"
        )
    settings = None
    try:
        settings = parse(file.project_values(), file.project_secrets())
    except Mistakes as error:
        mistakes = [*error.lines, *mistakes]
    if mistakes or settings is None:
        raise Mistakes(mistakes)
    return settings


def _program_stack_file() -> StackFile:
    """Returns the stack file as the program receives it: from the engine by the environment, else from the SDK."""
    # Imported here: other readers of stack files do not need pulumi.
    import pulumi

    config = pulumi.runtime.config
    texts = {**config.get_config_env(), **config.CONFIG.get()}
    blocks = {f"{PROJECT}:{name}" for name in Settings.model_fields}
    return StackFile(
        name=pulumi.get_stack(),
        values={key: _value(text) if key in blocks else text for key, text in texts.items()},
        encrypted=tuple(key for key in texts if pulumi.runtime.is_config_secret(key)),
    )


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def parse(raw: Mapping[str, Any], secrets: Collection[str] = ()) -> Settings:
    """Returns the settings in `raw`, a stack file's `config` without the prefix `sertantai:`.

    `secrets` are its encrypted keys. Each block is validated alone, so that its mistakes do not hide those of another.
    Raises `Mistakes`.
    """
    mistakes: list[str] = []
    blocks: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        if name == "services":
            blocks[name] = _services(raw.get(name), mistakes)
        elif name in raw:
            blocks[name] = validate(TypeAdapter(_annotation(name)), raw[name], (name,), mistakes)
        elif field.is_required():
            mistakes.append(f"{name}: is missing")
    services = blocks["services"]
    mistakes += key_mistakes(raw, secrets, Settings.model_fields)
    service_names = raw["services"] if isinstance(raw.get("services"), dict) else {}
    for name, service in services.items():
        mistakes += checks.service_mistakes(name, service, service_names, raw)
        mistakes += reference_mistakes(name, service)
        mistakes += volume_mistakes(name, service)
    mistakes += checks.unique_mistakes(services)
    mistakes += site_mistakes(services, blocks.get("sites") or {}, service_names, raw)
    mistakes += checks.redis_mistakes(services, raw.get("redis") is not None)
    mistakes += shared_databases.mistakes(services, service_names)
    mistakes += stopped.mistakes(services)
    shared = {name: blocks.get(name) for name in ("host", "postgres", "redis", "nginx", "backup", "alerts")}
    mistakes += checks.capacity_mistakes(services, **shared)
    mistakes += postgres_mistakes(blocks.get("postgres"))
    mistakes += backup_mistakes(blocks.get("backup"), blocks.get("network"), raw)
    mistakes += checks.port_mistakes(blocks.get("nginx"), blocks.get("host"))
    mistakes += checks.adoption_mistakes(blocks.get("host"))
    networks = {name: blocks.get(name) for name in ("network", "backup")}
    mistakes += checks.network_mistakes(blocks.get("host"), networks)
    if blocks.get("dns") and blocks.get("host") and not isinstance(blocks["host"], HetznerHost):
        mistakes.append("dns: records are made for a server at Hetzner alone; remove it, and set them where they are")
    if blocks.get("registry") and "registry_token" not in raw:
        mistakes.append(
            "registry_token: the config secret is missing; set it with `pulumi config set --secret registry_token`"
        )
    if mistakes:
        raise Mistakes(mistakes)
    blocks["services"] = shared_databases.resolve(services)
    return Settings.model_construct(**{name: blocks[name] for name in Settings.model_fields if name in blocks})


def _annotation(name: str) -> Any:
    field = Settings.model_fields[name]
    return Annotated[field.annotation, field]  # the field has the constraints of the declaration


def _services(raw: Any, mistakes: list[str]) -> dict[str, Service]:
    if not isinstance(raw, dict) or not raw:
        mistakes.append("services: must name at least one service")
        return {}
    services = {}
    for key, block in raw.items():
        path = ("services", str(key))
        name = validate(TypeAdapter(ServiceName), key, path, mistakes)
        service = validate(TypeAdapter(Service), block, path, mistakes)
        if name and service:
            services[name] = service
    return services
