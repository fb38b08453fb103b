"""The only reader of configuration: a stack file's values become `Settings`, or one list of all mistakes."""

import copy
import json
import os
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from . import checks
from .host import Dns, HetznerHost, Host
from .mistakes import Mistakes
from .names import ServiceName, StackName
from .platform import Acme, Model, Network, Nginx, Postgres, Redis, Registry
from .secrets import key_mistakes
from .service import Service
from .stack_file import PROJECT, StackFile
from .suggest import suggestion


class Settings(Model):
    """One stack's whole configuration, its secrets apart."""

    host: Host
    dns: Dns | None = None
    acme: Acme
    registry: Registry | None = None
    network: Network = Network()
    postgres: Postgres
    redis: Redis | None = None
    nginx: Nginx
    services: Annotated[dict[ServiceName, Service], Field(min_length=1)]

    def images(self) -> dict[str, str]:
        """The reference of every image, by the path of its setting."""
        blocks = {name: getattr(self, name) for name in ("acme", "postgres", "redis", "nginx")}
        for name, service in self.services.items():
            blocks |= {f"services/{name}/{part}": block for part, block in service.parts().items()}
        return {f"{path}/image": block.image for path, block in blocks.items() if block}

    def warnings(self) -> list[str]:
        """What is no mistake and should be known, a line each, path first."""
        return list(checks.electric_warnings(self.services))


def load() -> Settings:
    """The settings of the stack at hand; all mistakes at once as one `pulumi.RunError`, before anything is declared."""
    import pulumi

    file = _of_program()
    own = file.own()
    token = file.values.get("hcloud:token") or os.environ.get("HCLOUD_TOKEN")
    mistakes = list(checks.token_mistakes(own.get("host"), token))
    _part(TypeAdapter(StackName), file.name, ("stack",), mistakes)
    if "hcloud:token" in file.values and "hcloud:token" not in file.encrypted:
        mistakes.append(
            "hcloud:token: is a secret in plain text; set it again with `pulumi config set --secret hcloud:token`"
        )
    try:
        read = parse(own, file.own_encrypted())
    except Mistakes as found:
        mistakes = [*found.lines, *mistakes]
    if mistakes:
        count = len(mistakes)
        title = f"Pulumi.{file.name}.yaml has {count} mistake{'s' if count > 1 else ''}:"
        raise pulumi.RunError("\n".join([title, *(f"  {line}" for line in mistakes)])) from None
    return read


def _of_program() -> StackFile:
    """The stack file as the program has it: the engine hands it over in the environment, the rehearsal in the SDK."""
    # Imported here: what reads stack files outside of a run of the program does not need it.
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
    """`raw` is a stack file's `config` without `sertantai:`; `secrets` names those of its keys that are encrypted.

    Raises `Mistakes`. Each part is read by itself, so that a mistake in one does not hide those of the others.
    """
    mistakes: list[str] = []
    parts: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        if name == "services":
            parts[name] = _services(raw.get(name), mistakes)
        elif name in raw:
            parts[name] = _part(TypeAdapter(_annotation(name)), raw[name], (name,), mistakes)
        elif field.is_required():
            mistakes.append(f"{name}: is missing")
    services = parts["services"]
    mistakes += key_mistakes(raw, secrets, Settings.model_fields)
    known = raw["services"] if isinstance(raw.get("services"), dict) else {}
    for name, service in services.items():
        mistakes += checks.service_mistakes(name, service, known, raw)
    mistakes += checks.unique_mistakes(services)
    mistakes += checks.redis_mistakes(services, raw.get("redis") is not None)
    shared = {name: parts.get(name) for name in ("host", "postgres", "redis", "nginx")}
    mistakes += checks.capacity_mistakes(services, **shared)
    mistakes += checks.port_mistakes(parts.get("nginx"), parts.get("host"))
    mistakes += checks.adoption_mistakes(parts.get("host"))
    mistakes += checks.network_mistakes(parts.get("network"), parts.get("host"))
    if parts.get("dns") and parts.get("host") and not isinstance(parts["host"], HetznerHost):
        mistakes.append("dns: records are made for a server at Hetzner alone; take it out, and set them where they are")
    if parts.get("registry") and "registry_token" not in raw:
        mistakes.append(
            "registry_token: the config secret is missing; set it with `pulumi config set --secret registry_token`"
        )
    if mistakes:
        raise Mistakes(mistakes)
    return Settings.model_construct(**{name: parts[name] for name in Settings.model_fields if name in parts})


def _annotation(name: str) -> Any:
    field = Settings.model_fields[name]
    return Annotated[field.annotation, field]  # the field carries what the annotation was declared with


def _services(raw: Any, mistakes: list[str]) -> dict[str, Service]:
    if not isinstance(raw, dict) or not raw:
        mistakes.append("services: must name at least one service")
        return {}
    read = {}
    for name, block in raw.items():
        path = ("services", str(name))
        known = _part(TypeAdapter(ServiceName), name, path, mistakes)
        service = _part(TypeAdapter(Service), block, path, mistakes)
        if known and service:
            read[known] = service
    return read


def _part(adapter: TypeAdapter[Any], raw: Any, path: tuple[str, ...], mistakes: list[str]) -> Any:
    try:
        return adapter.validate_python(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        mistakes.extend(_line(path, raw, details) for details in found)
        if any(details["type"] != "extra_forbidden" for details in found):
            return None
        # What is merely unknown must not hide how the rest fits the other settings.
        return _part(adapter, _without(raw, [details["loc"] for details in found]), path, [])


def _without(raw: Any, places: list[tuple[int | str, ...]]) -> Any:
    rest = copy.deepcopy(raw)
    for place in places:
        here = rest
        for step in place[:-1]:
            if not (isinstance(here, dict) and step == here.get("kind")):
                here = here[step]
        here.pop(place[-1], None)  # a YAML anchor is one block in two places
    return rest


def _line(path: tuple[str, ...], raw: Any, details: ErrorDetails) -> str:
    where = list(path)
    here = raw
    for step in details["loc"]:
        if step == "[key]":
            continue
        if isinstance(here, dict) and step == here.get("kind"):
            continue  # pydantic names the chosen kind as a step of its own
        where.append(str(step))
        here = here.get(step) if isinstance(here, dict) else None
    return f"{'/'.join(where)}: {_words(details, str(where[-1]))}"


def _words(details: ErrorDetails, name: str) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return f"is not a known setting{suggestion(name, _EVERY_SETTING)}"
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


_EVERY_SETTING = sorted(set(_names(Settings.model_json_schema())))
