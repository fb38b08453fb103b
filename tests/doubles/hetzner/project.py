"""A project: the resources of one API token, and their limits."""

import secrets
import threading
from collections.abc import Mapping
from itertools import count

from tests.doubles.hetzner import catalogue, fields
from tests.doubles.hetzner.actions import Actions, now
from tests.doubles.hetzner.addressing import Addresses
from tests.doubles.hetzner.errors import invalid, locked, not_found, over_limit, taken
from tests.doubles.hetzner.faults import Faults
from tests.doubles.hetzner.machines import Machines, NoMachines
from tests.doubles.hetzner.reading import Json


class Project:
    """State in the API's own form, by ID. Requests have the lock `lock`, the work of actions does not."""

    def __init__(
        self,
        *,
        machines: Machines | None = None,
        action_s: float = 0.05,
        limits: Mapping[str, int] | None = None,
        ipv4_network: str = "192.0.2.0/24",
        first_host: int = 10,
    ) -> None:
        self.token = secrets.token_hex(32)
        self.lock = threading.RLock()
        self.machines: Machines = machines or NoMachines()
        self.limits = dict(limits or {})
        self.faults = Faults()
        self.action_log = Actions(self.lock, self.faults, action_s)
        self.addresses = Addresses(ipv4_network, first_host)
        self.delay_attach_s = 0.0
        self.sold_out: set[tuple[str, str]] = set()
        """Pairs of location and server type that are sold out now."""
        self.starts_after_change_type = True
        """As the API is described. Its own clients do not rely on it."""

        self.ssh_keys: dict[int, Json] = {}
        self.firewalls: dict[int, Json] = {}
        self.primary_ips: dict[int, Json] = {}
        self.volumes: dict[int, Json] = {}
        self.servers: dict[int, Json] = {}
        self.zones: dict[int, Json] = {}
        self.rrsets: dict[int, dict[str, Json]] = {}
        """By the ID of their zone, then by their own: "www/A"."""
        self.user_data: dict[int, str] = {}
        self.actions = self.action_log.all
        self.act = self.action_log.start
        self.tables: dict[str, dict[int, Json]] = {
            "ssh_keys": self.ssh_keys,
            "firewalls": self.firewalls,
            "primary_ips": self.primary_ips,
            "volumes": self.volumes,
            "servers": self.servers,
            "zones": self.zones,
            "actions": self.actions,
            "server_types": catalogue.SERVER_TYPES,
            "locations": catalogue.LOCATIONS,
            "images": catalogue.IMAGES,
        }
        self._ids = count(10_001)

    def get(self, kind: str, number: int) -> Json:
        found = self.tables[kind].get(number)
        if found is None:
            raise not_found(kind, number)
        return found

    def add(self, kind: str, body: Json, **values: object) -> Json:
        """Returns a new resource with the fields that all have. Its body was checked."""
        entry: Json = {
            "id": next(self._ids),
            "name": body["name"],
            "labels": dict(body.get("labels") or {}),
            "created": now(),
            **values,
        }
        self.tables[kind][entry["id"]] = entry
        return entry

    def check(self, kind: str, body: Json) -> None:
        """Refuses a body with invalid fields."""
        mistakes = fields.check(kind, body)
        if mistakes:
            raise invalid(mistakes)

    def check_new(self, kind: str, body: Json) -> None:
        """Refuses a new resource for its fields, for a name in use, or because of the limit of its kind."""
        self.check(kind, body)
        self.check_name(kind, body["name"])
        self.check_limit(kind)

    def check_name(self, kind: str, name: str, own: int | None = None) -> None:
        if any(entry["name"] == name and number != own for number, entry in self.tables[kind].items()):
            raise taken(kind)

    def check_limit(self, kind: str, more: int = 1) -> None:
        if kind in self.limits and len(self.tables[kind]) + more > self.limits[kind]:
            raise over_limit(kind)

    def unlocked_server(self, number: int) -> Json:
        """Returns a server on which no action is running."""
        server = self.get("servers", number)
        if server["locked"]:
            raise locked("servers")
        return server
