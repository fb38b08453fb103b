"""The text types of a stack file. Each accepts only text that is safe in nginx, SQL and shell."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True)
class _Text:
    """A string that matches `pattern` from end to end; `must` completes the sentence "the setting must ..."."""

    pattern: str
    must: str

    def check(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise ValueError(f"must {self.must}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), "pattern": f"^(?:{self.pattern})$"}


_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SEGMENT = r"\.?[A-Za-z0-9_~-][A-Za-z0-9._~-]*"
IMAGE_TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_IMAGE = re.compile(
    r"(?P<repository>(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)"
    rf"(?::(?P<tag>{IMAGE_TAG}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
# The registry of names without a registry, as the Docker provider calls it, and its other names.
DOCKER_HUB = "registry-1.docker.io"
_DOCKER_HUB = (DOCKER_HUB, "docker.io", "index.docker.io", "registry.hub.docker.com")
_PRIVATE = [ipaddress.IPv4Network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
_DOCKER_BRIDGE = ipaddress.IPv4Network("172.17.0.0/16")
# Host names of the platform's own containers and of the container itself.
_RESERVED_NAMES = ("postgres", "redis", "nginx", "certbot", "localhost")
# Services with these names would collide with the platform: by their <NAME>_URL, or by the names of their secrets.
_RESERVED_SERVICES = (*_RESERVED_NAMES, "platform", "database", "electric", "registry", "backup", "recovered")
# A role that does not exist: PostgreSQL's health check names it to open a connection, and never logs in.
HEALTH_ROLE = "sertantai_health"
# The role of backups.
BACKUP_ROLE = "sertantai_backup"
# The port of the gateway's own health check.
_GATEWAY_CHECK_PORT = 8999


def image_parts(reference: str) -> tuple[str, str, str | None]:
    """Returns repository, tag (default `latest`) and digest (or None) of an image reference.

    A repository on Docker Hub is returned without a registry: the Docker provider does not accept `docker.io`.
    """
    match = _IMAGE.fullmatch(reference)
    if not match:
        raise ValueError("must be an image reference such as ghcr.io/owner/name:tag@sha256:...")
    repository = match["repository"]
    registry, _, name = repository.partition("/")
    if name and registry in _DOCKER_HUB:
        repository = name
    if registry in _DOCKER_HUB or registry_host(repository) == DOCKER_HUB:
        repository = repository.removeprefix("library/")
        if repository.count("/") > 1 or registry_host(repository) != DOCKER_HUB:
            raise ValueError(
                "must be NAME or OWNER/NAME on Docker Hub, or begin with a registry's host (with a dot or port)"
            )
    return repository, match["tag"] or "latest", match["digest"]


def registry_host(repository: str) -> str:
    """Returns the registry's host for a repository of `image_parts`."""
    registry, slash, _ = repository.partition("/")
    return registry if slash and ("." in registry or ":" in registry or registry == "localhost") else DOCKER_HUB


def is_on_this_machine(registry: str) -> bool:
    """Whether a registry runs here: like Docker, nobody expects TLS of it."""
    return registry.partition(":")[0] in ("localhost", "127.0.0.1")


def _image(value: str) -> str:
    """Returns the one spelling of an image, so that its registry is asked once."""
    repository, tag, digest = image_parts(value)
    return f"{repository}@{digest}" if digest else f"{repository}:{tag}"


def _registry(value: str) -> str:
    """Returns the host as the provider calls it: it finds its login by that name."""
    return DOCKER_HUB if value in _DOCKER_HUB else value


def _subnet(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError("must be an IPv4 network such as 172.30.0.0/24") from error
    if not any(network.subnet_of(private) for private in _PRIVATE) or not 16 <= network.prefixlen <= 26:
        raise ValueError("must be a private IPv4 network between /16 and /26")
    if network.overlaps(_DOCKER_BRIDGE):
        raise ValueError(f"must not overlap {_DOCKER_BRIDGE}, the network of Docker's own bridge")
    return _as_written(value, network)


def _cidr(value: str) -> str:
    try:
        network = ipaddress.ip_network(value.partition("%")[0])
    except ValueError as error:
        raise ValueError("must be a network such as 203.0.113.7/32 or 2001:db8::/64") from error
    return _as_written(value, network)


def _address(value: str) -> str:
    try:
        address = ipaddress.IPv4Address(value)
    except ValueError as error:
        raise ValueError("must be an IPv4 address such as 0.0.0.0") from error
    return _as_written(value, address)


def _as_written(value: str, parsed: object) -> str:
    """Refuses any spelling but the one that Docker and Hetzner keep: another would be a change at each preview."""
    if value != str(parsed):
        raise ValueError(f"must be written {parsed}")
    return value


def _not_one_of(*reserved: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value in reserved:
            raise ValueError(f"must not be {value}, which belongs to the platform")
        return value

    return check


def _not_gateway_check_port(value: int) -> int:
    if value == _GATEWAY_CHECK_PORT:
        raise ValueError(f"must not be {value}, where the gateway's own health check listens")
    return value


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain a NUL character")
    return value


# Containers, volumes and locks are named sertantai-<stack>-<service>-...: with - in a stack's name, service b of the
# stack prod-a and service a-b of the stack prod would share them.
StackName = Annotated[str, _Text(r"[A-Za-z0-9_]+", "be named by letters, digits and _ alone, such as prod_eu")]
ServiceName = Annotated[
    str,
    _Text(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?", "be a DNS label: a-z, 0-9 and -, from a letter on, 40 at most"),
    AfterValidator(_not_one_of(*_RESERVED_SERVICES)),
]
StableName = Annotated[
    str,
    _Text(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?", "be a host name of one part: a-z, 0-9, - and _"),
    AfterValidator(_not_one_of(*_RESERVED_NAMES)),
]
Hostname = Annotated[
    str,
    # The last label must not be a number: an IP address is not a host name.
    _Text(rf"(?=.{{1,253}}$)(?:{_LABEL}\.)+(?![0-9]+$){_LABEL}", "be a host name such as legal.sertantai.com"),
]
ServerName = Annotated[
    str, _Text(rf"(?=.{{1,63}}$){_LABEL}(?:\.{_LABEL})*", "be a host name: a-z, 0-9, - and ., 63 at most")
]
ServerAddress = Annotated[
    str, _Text(rf"(?=.{{1,253}}$)(?:{_LABEL}(?:\.{_LABEL})*|[0-9a-f:]*:[0-9a-f:]+)", "be a host name or an IP address")
]
BindAddress = Annotated[str, AfterValidator(_address)]
Port = Annotated[int, Field(ge=1, le=65535)]
ServicePort = Annotated[int, Field(ge=1024, le=65535), AfterValidator(_not_gateway_check_port)]
UrlPath = Annotated[str, _Text(rf"/(?:{_SEGMENT}/)*(?:{_SEGMENT})?", "be a plain path such as /api/")]
HeaderName = Annotated[str, _Text(r"[A-Za-z][A-Za-z0-9-]{0,63}", "be a header's name: letters, digits and -")]
# In nginx, a $ would begin a variable, and nothing escapes it.
HeaderValue = Annotated[
    str,
    _Text(r"(?:[!-#%-~](?:[ -#%-~]{0,1998}[!-#%-~])?)?", "be one line of plain ASCII without $, 2000 at most"),
]
ImageReference = Annotated[str, AfterValidator(_image)]
MountPath = Annotated[str, _Text(rf"(?:/{_SEGMENT})+", "be an absolute path such as /app/priv/files")]
# No dash: the volume of the service `a-b` could be that of `a`. Electric's own volume is <service>-electric.
VolumeName = Annotated[
    str, _Text(r"[a-z0-9_]{1,40}", "be a-z, 0-9 and _, 40 at most"), AfterValidator(_not_one_of("electric"))
]
EnvName = Annotated[str, _Text(r"[A-Za-z_][A-Za-z0-9_]{0,254}", "be an environment name: letters, digits and _")]
EnvValue = Annotated[str, AfterValidator(_no_nul)]
Word = Annotated[str, Field(min_length=1), AfterValidator(_no_nul)]
FilePath = Annotated[str, _Text(r"[^\x00-\x1f\x7f]+", "be the path of a file, on one line")]
DatabaseName = Annotated[
    str,
    _Text(r"(?!pg_)[a-z_][a-z0-9_]{0,39}", "be a-z, 0-9 and _, from a letter or _ on but not from pg_, 40 at most"),
    AfterValidator(_not_one_of("postgres", "template0", "template1", "public", "none", HEALTH_ROLE, BACKUP_ROLE)),
]
ExtensionName = Annotated[str, _Text(r"[a-z][a-z0-9_-]{0,62}", "be the name of a PostgreSQL extension")]
TableName = Annotated[
    str, _Text(r"(?:[a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,62}", "be a table such as uk_lrt or public.uk_lrt")
]
ShapeName = Annotated[
    str, _Text(r"[a-z0-9][a-z0-9_-]{0,62}", "be a-z, 0-9, - and _, 63 at most: it is the end of the shape's URL")
]
# The column's name in PostgreSQL, without quotes. It may contain spaces, capitals and letters of any script.
ColumnName = Annotated[
    str, _Text(r'[^"\x00-\x1f\x7f]{1,63}', "be a column as PostgreSQL names it, 63 characters at most, without quotes")
]
Condition = Annotated[str, _Text(r"[^\x00-\x1f\x7f]+", "be a condition in SQL, on one line")]
StreamId = Annotated[
    str, _Text(r"[a-z_][a-z0-9_]{0,41}", "be a-z, 0-9 and _, from a letter or _ on, 42 at most (no -)")
]
ObjectName = Annotated[str, _Text(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}", "be letters, digits, _, . and -, 63 at most")]
NetworkName = Annotated[ObjectName, AfterValidator(_not_one_of("bridge", "host", "none", "default"))]
LabelText = Annotated[
    str, _Text(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", "be letters, digits, _, . and -, 63 at most")
]
UserName = Annotated[str, _Text(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}", "be a user name: letters, digits, ., _ and -")]
Email = Annotated[str, _Text(r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,63}", "be an e-mail address")]
HttpsUrl = Annotated[
    str, _Text(rf"https://{_LABEL}(?:\.{_LABEL})*(?::[0-9]{{1,5}})?(?:/{_SEGMENT})*/?", "be an https:// address")
]
RegistryServer = Annotated[
    str,
    _Text(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?", "be a registry's host such as ghcr.io"),
    AfterValidator(_registry),
]
SshPublicKey = Annotated[
    str,
    _Text(
        r"(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+(?: [^\x00-\x1f\x7f\"\\]*)?",
        "be an SSH public key on one line",
    ),
]
SshHostKey = Annotated[
    str, _Text(r"(?:ssh|ecdsa)-[a-z0-9-]+ [A-Za-z0-9+/=]+", "be a key's kind and the key: ssh-ed25519 AAAA...")
]
PlainPath = Annotated[str, _Text(r"[A-Za-z0-9._/@+-]{1,200}", "be a plain path such as dumps/legal.dump, 200 at most")]
KeyPath = Annotated[str, _Text(r"~?[A-Za-z0-9._/@+-]+", "be a plain path such as ~/.ssh/id_ed25519")]
Subnet = Annotated[str, AfterValidator(_subnet)]
Cidr = Annotated[str, AfterValidator(_cidr)]
Megabytes = Annotated[int, Field(ge=16, le=1_048_576)]
BodyMegabytes = Annotated[int, Field(ge=1, le=1024)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]
ClockTime = Annotated[str, _Text(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", "be a time of day such as 05:30")]
Generation = Annotated[int, Field(ge=0)]
