"""The words a stack file may use: each type admits only text that is safe in nginx, SQL and shell."""

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
_IMAGE = re.compile(
    r"(?P<repository>(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def image_parts(reference: str) -> tuple[str, str, str | None]:
    """Repository, tag (`latest` where none is given) and digest (or None) of an image reference."""
    match = _IMAGE.fullmatch(reference)
    if not match:
        raise ValueError("must be an image reference such as ghcr.io/owner/name:tag@sha256:...")
    return match["repository"], match["tag"] or "latest", match["digest"]


def _image(value: str) -> str:
    image_parts(value)
    return value


def _subnet(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError("must be an IPv4 network such as 172.30.0.0/24") from error
    if not network.is_private or network.prefixlen > 26 or network.prefixlen < 16:
        raise ValueError("must be a private IPv4 network between /16 and /26")
    return value


def _cidr(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError as error:
        raise ValueError("must be a network such as 203.0.113.7/32 or 2001:db8::/64") from error
    return value


def _not_one_of(*taken: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value in taken:
            raise ValueError(f"must not be {value}, which belongs to the platform")
        return value

    return check


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not hold a NUL character")
    return value


ServiceName = Annotated[
    str,
    _Text(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?", "be a DNS label: a-z, 0-9 and -, from a letter on, 40 at most"),
    AfterValidator(_not_one_of("postgres", "redis", "nginx", "certbot", "platform")),
]
StableName = Annotated[
    str,
    _Text(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?", "be a host name of one part: a-z, 0-9, - and _"),
    AfterValidator(_not_one_of("postgres", "redis", "nginx", "certbot", "localhost")),
]
Hostname = Annotated[
    str, _Text(rf"(?=.{{1,253}}$)(?:{_LABEL}\.)+{_LABEL}", "be a host name such as legal.sertantai.com")
]
HostAddress = Annotated[str, _Text(r"[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?", "be a host name or an address")]
Port = Annotated[int, Field(ge=1, le=65535)]
ServicePort = Annotated[int, Field(ge=1024, le=65535)]
UrlPath = Annotated[str, _Text(rf"/(?:{_SEGMENT}/)*(?:{_SEGMENT})?", "be a plain path such as /api/")]
ImageReference = Annotated[str, AfterValidator(_image)]
EnvName = Annotated[str, _Text(r"[A-Za-z_][A-Za-z0-9_]{0,254}", "be an environment name: letters, digits and _")]
EnvValue = Annotated[str, AfterValidator(_no_nul)]
Word = Annotated[str, Field(min_length=1), AfterValidator(_no_nul)]
DatabaseName = Annotated[
    str,
    _Text(r"[a-z_][a-z0-9_]{0,39}", "be a-z, 0-9 and _, from a letter or _ on, 40 at most"),
    AfterValidator(_not_one_of("postgres", "template0", "template1")),
]
ExtensionName = Annotated[str, _Text(r"[a-z][a-z0-9_-]{0,62}", "be the name of a PostgreSQL extension")]
TableName = Annotated[
    str, _Text(r"(?:[a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,62}", "be a table such as uk_lrt or public.uk_lrt")
]
StreamId = Annotated[
    str, _Text(r"[a-z_][a-z0-9_]{0,41}", "be a-z, 0-9 and _, from a letter or _ on, 42 at most (no -)")
]
ObjectName = Annotated[str, _Text(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}", "be letters, digits, _, . and -, 63 at most")]
UserName = Annotated[str, _Text(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}", "be a user name: letters, digits, ., _ and -")]
Email = Annotated[str, _Text(r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,63}", "be an e-mail address")]
HttpsUrl = Annotated[
    str, _Text(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?", "be an https:// address")
]
RegistryServer = Annotated[
    str, _Text(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?", "be a registry's host such as ghcr.io")
]
SshPublicKey = Annotated[
    str, _Text(r"(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+(?: [^\n\"\\]*)?", "be an SSH public key on one line")
]
Subnet = Annotated[str, AfterValidator(_subnet)]
Cidr = Annotated[str, AfterValidator(_cidr)]
Megabytes = Annotated[int, Field(ge=16, le=1_048_576)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]
Generation = Annotated[int, Field(ge=0)]
