"""What Hetzner refuses in a request by itself, before it looks at the project.

`check` is a pure function, so that a program's declared resources can be checked with the same rules.
"""

import re
from collections.abc import Callable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from tests.doubles.hetzner import catalogue
from tests.doubles.hetzner.reading import HOSTNAME, Fields, Json, Mistake
from tests.doubles.hetzner.records import check_records, check_rrset, check_ttl, check_zone
from tests.doubles.hetzner.rules import check_rules

REMOVED_DATACENTER = "was removed from the API on 2026-07-01: use location"
LARGEST_USER_DATA = 32 * 1024
VOLUME_SIZES = (10, 10240)
FILESYSTEMS = ("ext4", "xfs")
VOLUME_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9._-]{0,62}[a-zA-Z0-9])?")


def check(kind: str, body: Json) -> list[Mistake]:
    """Returns the mistakes, as (field, message), in a body.

    `kind` is the collection of the resource to create ("servers"), or to change ("servers/update"), or an action on it
    ("volumes/resize"). An action without a body has none.
    """
    fields = Fields(body)
    reader = CHECKS.get(kind)
    if reader:
        reader(fields)
    return fields.mistakes


def check_rrset_records(kind: str, body: Json) -> list[Mistake]:
    """Returns the mistakes in records for an RRSet of the given type."""
    fields = Fields(body)
    check_records(fields, kind)
    return fields.mistakes


def _ssh_key(fields: Fields) -> None:
    _named(fields)
    key = fields.text("public_key", required=True)
    if key is not None:
        try:
            load_ssh_public_key(key.strip().encode())
        except (ValueError, UnsupportedAlgorithm):
            fields.wrong("public_key", "is not a valid SSH public key")


def _firewall(fields: Fields) -> None:
    _named(fields, longest=128)
    check_rules(fields)
    _resources(fields, "apply_to")


def _primary_ip(fields: Fields) -> None:
    _named(fields)
    fields.text("type", required=True, choices=("ipv4", "ipv6"))
    fields.reference("location")
    fields.number("assignee_id")
    fields.text("assignee_type", choices=("server",))
    fields.flag("auto_delete")
    if fields.given("datacenter"):
        fields.wrong("datacenter", REMOVED_DATACENTER)
    elif fields.given("location") == fields.given("assignee_id"):
        fields.wrong("location", "exactly one of location and assignee_id must be given")
    if fields.given("assignee_id") and not fields.given("assignee_type"):
        fields.wrong("assignee_type", "is required together with assignee_id")
    _known_location(fields)


def _volume(fields: Fields) -> None:
    fields.text(
        "name",
        required=True,
        longest=64,
        pattern=VOLUME_NAME,
        hint="must have letters, digits, dashes, underscores and dots, with a letter or digit at both ends",
    )
    fields.labels()
    fields.number("size", required=True, low=VOLUME_SIZES[0], high=VOLUME_SIZES[1])
    fields.number("server")
    fields.reference("location")
    fields.text("format", choices=FILESYSTEMS)
    if fields.flag("automount") and not fields.given("server"):
        fields.wrong("automount", "needs a server")
    if fields.given("server") == fields.given("location"):
        fields.wrong("location", "exactly one of server and location must be given")
    _known_location(fields)


def _server(fields: Fields) -> None:
    _server_name(fields, required=True)
    fields.labels()
    for name in ("server_type", "image"):
        fields.reference(name, required=True)
    fields.reference("location")
    if fields.given("datacenter"):
        fields.wrong("datacenter", REMOVED_DATACENTER)
    _user_data(fields)
    for name in ("start_after_create", "automount"):
        fields.flag(name)
    for key in fields.body.get("ssh_keys") or []:
        if isinstance(key, bool) or not isinstance(key, int | float | str):
            fields.wrong("ssh_keys", "Every entry must be an ID or a name.")
    for name in ("volumes", "networks"):
        fields.items(name, int)
    if fields.flag("automount") and not fields.body.get("volumes"):
        fields.wrong("automount", "needs volumes")
    for entry in fields.items("firewalls", dict):
        read = Fields(entry, within="firewalls.")
        read.number("firewall", required=True)
        fields.mistakes += read.mistakes
    _public_net(fields)
    if not fields.mistakes:
        fields.mistakes += catalogue.order_mistakes(fields.body)


def _public_net(fields: Fields) -> None:
    net = Fields(fields.nested("public_net") or {}, within="public_net.")
    for version in ("ipv4", "ipv6"):
        enabled = net.flag(f"enable_{version}")
        if net.number(version) is not None and enabled is False:
            net.wrong(version, f"must not be given while enable_{version} is false")
    fields.mistakes += net.mistakes


def _server_name(fields: Fields, *, required: bool = False) -> None:
    fields.text("name", required=required, pattern=HOSTNAME, hint="must be a valid hostname")


def _user_data(fields: Fields) -> None:
    text = fields.text("user_data")
    if text is not None and len(text.encode()) > LARGEST_USER_DATA:
        fields.wrong("user_data", f"is too long: at most {LARGEST_USER_DATA} bytes")


def _known_location(fields: Fields) -> None:
    name = fields.body.get("location")
    if name is not None and catalogue.find(catalogue.LOCATIONS, name) is None:
        fields.wrong("location", f"location '{name}' not found")


def _resources(fields: Fields, name: str, *, required: bool = False) -> None:
    for number, resource in enumerate(fields.items(name, dict, required=required)):
        read = Fields(resource, within=f"{name}.{number}.")
        if read.text("type", required=True, choices=("server", "label_selector")) == "server":
            server = read.nested("server")
            if server is None or not isinstance(server.get("id"), int):
                read.wrong("server.id", "Missing data for required field.")
        fields.mistakes += read.mistakes


def _named(fields: Fields, *, required: bool = True, longest: int = 255) -> None:
    fields.text("name", required=required, longest=longest)
    fields.labels()


def _changed_server(fields: Fields) -> None:
    _server_name(fields)
    fields.labels()


def _changed_primary_ip(fields: Fields) -> None:
    _named(fields, required=False)
    fields.flag("auto_delete")


def _changed_type(fields: Fields) -> None:
    fields.reference("server_type", required=True)
    fields.flag("upgrade_disk", required=True)


def _server_protection(fields: Fields) -> None:
    if fields.flag("delete") != fields.flag("rebuild"):
        fields.wrong("rebuild", "delete and rebuild must have the same value")


def _rebuilt(fields: Fields) -> None:
    fields.reference("image", required=True)
    _user_data(fields)


def _pointer(fields: Fields) -> None:
    fields.text("ip", required=True)
    fields.text("dns_ptr", pattern=HOSTNAME, hint="must be a valid hostname")


def _attached(fields: Fields) -> None:
    fields.number("server", required=True)
    fields.flag("automount")


def _assigned(fields: Fields) -> None:
    fields.number("assignee_id", required=True)
    fields.text("assignee_type", required=True, choices=("server",))


CHECKS: dict[str, Callable[[Fields], object]] = {
    "ssh_keys": _ssh_key,
    "ssh_keys/update": lambda fields: _named(fields, required=False),
    "firewalls": _firewall,
    "firewalls/update": lambda fields: _named(fields, required=False, longest=128),
    "firewalls/set_rules": lambda fields: check_rules(fields, required=True),
    "firewalls/apply_to_resources": lambda fields: _resources(fields, "apply_to", required=True),
    "firewalls/remove_from_resources": lambda fields: _resources(fields, "remove_from", required=True),
    "primary_ips": _primary_ip,
    "primary_ips/update": _changed_primary_ip,
    "primary_ips/assign": _assigned,
    "primary_ips/change_protection": lambda fields: fields.flag("delete", required=True),
    "primary_ips/change_dns_ptr": _pointer,
    "volumes": _volume,
    "volumes/update": lambda fields: _named(fields, required=False, longest=64),
    "volumes/attach": _attached,
    "volumes/resize": lambda fields: fields.number("size", required=True, low=VOLUME_SIZES[0], high=VOLUME_SIZES[1]),
    "volumes/change_protection": lambda fields: fields.flag("delete"),
    "servers": _server,
    "servers/update": _changed_server,
    "servers/change_type": _changed_type,
    "servers/change_protection": _server_protection,
    "servers/change_dns_ptr": _pointer,
    "servers/rebuild": _rebuilt,
    "zones": check_zone,
    "zones/update": lambda fields: fields.labels(),
    "zones/change_ttl": lambda fields: check_ttl(fields, required=True),
    "zones/change_protection": lambda fields: fields.flag("delete"),
    "rrsets": check_rrset,
    "rrsets/update": lambda fields: fields.labels(),
    "rrsets/change_ttl": check_ttl,
    "rrsets/change_protection": lambda fields: fields.flag("change"),
}
