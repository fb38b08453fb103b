"""Reads a stack file's values into `Settings`, or reports all mistakes at once."""

import copy
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from . import checks, shared_databases, stopped
from .alerts import Alerts
from .backup import Backup, backup_mistakes, backup_warnings
from .host import Dns, HetznerHost, Host
from .mistakes import Mistakes, report
from .names import ServiceName, StackName
from .platform import Acme, Model, Network, Nginx, Redis, Registry
from .postgres import Postgres, Tuning, postgres_mistakes, postgres_warnings
from .secrets import key_mistakes
from .service import Service
from .site import ROUTE_FORMS, ForeignSite
from .sites import site_mistakes
from .stack_file import PROJECT, StackFile
from .suggest import suggestion
from .variables import reference_mistakes
from .volumes import volume_mistakes


class Settings(Model):
    """The whole configuration of one stack, without its secrets."""

    host: Host
    dns: Dns | None = None
    acme: Acme
    registry: Registry | None = None
    network: Network = Network()
    postgres: Postgres
    redis: Redis | None = None
    nginx: Nginx
    services: Annotated[dict[ServiceName, Service], Field(min_length=1)]
    backup: Backup | None = None
    alerts: Alerts | None = None
    sites: dict[ServiceName, ForeignSite] = {}
    """Sites for containers that the platform did not make. A site and a service have different names."""

    def images(self) -> dict[str, str]:
        """Returns the reference of every image, by the path of its setting."""
        blocks = {name: getattr(self, name) for name in ("acme", "postgres", "redis", "nginx")}
        for name, service in self.services.items():
            blocks |= {f"services/{name}/{part}": block for part, block in service.running().items()}
        return {f"{path}/image": block.image for path, block in blocks.items() if block}

    def warnings(self) -> list[str]:
        """Returns warnings about valid settings, one line each, path first."""
        return [
            *checks.electric_warnings(self.services),
            *postgres_warnings(self.postgres, self.services),
            *backup_warnings(self.backup, self.host),
        ]


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
    _validate(TypeAdapter(StackName), file.name, ("stack",), mistakes)
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
            blocks[name] = _validate(TypeAdapter(_annotation(name)), raw[name], (name,), mistakes)
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
        name = _validate(TypeAdapter(ServiceName), key, path, mistakes)
        service = _validate(TypeAdapter(Service), block, path, mistakes)
        if name and service:
            services[name] = service
    return services


def _validate(adapter: TypeAdapter[Any], raw: Any, path: tuple[str, ...], mistakes: list[str]) -> Any:
    try:
        return adapter.validate_python(raw)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        mistakes.extend(_line(path, raw, details) for details in errors)
        if any(details["type"] != "extra_forbidden" for details in errors):
            return None
        # With unknown keys alone, the rest is still checked against the other settings.
        return _validate(adapter, _without(raw, [details["loc"] for details in errors]), path, [])


def _without(raw: Any, locations: list[tuple[int | str, ...]]) -> Any:
    copied = copy.deepcopy(raw)
    for location in locations:
        block = copied
        for key in location[:-1]:
            if not _is_added(key, block):
                block = block[key]
        block.pop(location[-1], None)  # a YAML anchor makes one block appear in two places
    return copied


def _line(path: tuple[str, ...], raw: Any, details: ErrorDetails) -> str:
    keys = list(path)
    block = raw
    for key in details["loc"]:
        if _is_added(key, block):
            continue
        keys.append(str(key))
        block = block.get(key) if isinstance(block, dict) else None
    return f"{'/'.join(keys)}: {_message(details, keys)}"


def _is_added(key: int | str, block: Any) -> bool:
    """Whether pydantic added this key to a location: the chosen kind of a block, or what is no key of a stack file."""
    return key in ("[key]", *ROUTE_FORMS) or (isinstance(block, dict) and key == block.get("kind"))


def _message(details: ErrorDetails, path: Sequence[str]) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden" if path[:-1] == ["postgres", "settings"]:
            return f"cannot be set here; these can: {', '.join(Tuning.model_fields)}"
        case "extra_forbidden":
            return f"is not a known setting{suggestion(path[-1], _all_settings())}"
        case "value_error":
            return str(context["error"])
        case "string_type":
            return "must be text; put it in quotes"
        case "too_short" | "string_too_short":
            return "must not be empty"
        case "union_tag_not_found":
            return "must be chosen: kind is missing"
        case "union_tag_invalid":
            return f"kind must be one of {context['expected_tags']}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "must be a block of settings"
    return details["msg"].replace("Input should", "must").replace("String should", "must")


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from _names(value)


@cache
def _all_settings() -> list[str]:
    """Returns the names of all settings. Not at import: the schema takes longer than all blocks of a stack file."""
    return sorted(set(_names(Settings.model_json_schema())))
