"""What Hetzner accepts as zones, RRSets and their records."""

import ipaddress
import re

from tests.doubles.hetzner.reading import HOST_LABEL, HOSTNAME, Fields

KINDS = [
    "A",
    "AAAA",
    "CAA",
    "CNAME",
    "DS",
    "HINFO",
    "HTTPS",
    "MX",
    "NS",
    "PTR",
    "RP",
    "SOA",
    "SRV",
    "SVCB",
    "TLSA",
    "TXT",
]
LOWEST_TTL, HIGHEST_TTL = 60, 2147483647
MOST_RECORDS = 50
ZONE = re.compile(rf"(?=.{{1,253}}$)(?!.*[A-Z]){HOST_LABEL}(\.{HOST_LABEL})+")
# A record's name may begin with an underscore (_acme-challenge), and its first label may be a wildcard.
NAME = re.compile(r"@|(?!.*[A-Z])(\*|[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*")
TEXT = re.compile(r'"([^"\\]|\\.){0,255}"(\s+"([^"\\]|\\.){0,255}")*')
AUTHORITY = re.compile(r'\d{1,3} [a-z0-9]+ "[^"]*"')


def check_ttl(fields: Fields, *, required: bool = False) -> None:
    fields.number("ttl", required=required, low=LOWEST_TTL, high=HIGHEST_TTL)


def check_zone(fields: Fields) -> None:
    fields.text("name", required=True, longest=255, pattern=ZONE, hint="is not a valid zone name")
    fields.text("mode", required=True, choices=("primary", "secondary"))
    check_ttl(fields)
    fields.labels()
    for number, rrset in enumerate(fields.items("rrsets", dict)):
        read = Fields(rrset, within=f"rrsets.{number}.")
        check_rrset(read)
        fields.mistakes += read.mistakes


def check_rrset(fields: Fields) -> None:
    fields.text("name", required=True, pattern=NAME, hint="must be @ or a lower case name relative to the zone")
    kind = fields.text("type", required=True, choices=KINDS)
    check_ttl(fields)
    fields.labels()
    check_records(fields, kind)
    if kind == "CNAME" and fields.body.get("name") == "@":
        fields.wrong("type", "CNAME is not allowed at the apex of the zone")


def check_records(fields: Fields, kind: str | None) -> None:
    records = fields.items("records", dict, required=True, most=MOST_RECORDS)
    if fields.body.get("records") == []:
        fields.wrong("records", "must not be empty")
    values: list[object] = []
    for number, record in enumerate(records):
        read = Fields(record, within=f"records.{number}.")
        value = read.text("value", required=True)
        read.text("comment")
        if value is not None and kind is not None and not fits(kind, value):
            read.wrong("value", f"'{value}' is not a valid {kind} record")
        values.append(value)
        fields.mistakes += read.mistakes
    if len(set(values)) != len(values):
        fields.wrong("records", "must have distinct values")
    if kind == "CNAME" and len(records) > 1:
        fields.wrong("records", "CNAME has exactly one record")


def fits(kind: str, value: str) -> bool:
    """Whether a value has the form of its type of record. Values of unusual types are accepted as they are."""
    words = value.split(" ")
    match kind:
        case "A":
            return _address(value, 4)
        case "AAAA":
            return _address(value, 6)
        case "CNAME" | "NS" | "PTR":
            return _host(value)
        case "MX":
            return len(words) == 2 and words[0].isdigit() and (_host(words[1]) or words[1] == ".")
        case "SRV":
            return len(words) == 4 and all(word.isdigit() for word in words[:3]) and _host(words[3])
        case "TXT":
            return bool(TEXT.fullmatch(value))
        case "CAA":
            return bool(AUTHORITY.fullmatch(value))
    return True


def _address(value: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(value).version == version
    except ValueError:
        return False


def _host(value: str) -> bool:
    return bool(HOSTNAME.fullmatch(value.removesuffix(".").replace("_", "a")))
