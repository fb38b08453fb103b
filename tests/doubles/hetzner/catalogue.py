"""Hetzner's offer: locations, server types and system images, as the API lists them in 2026."""

from collections.abc import Mapping
from datetime import UTC, datetime

from tests.doubles.hetzner.errors import UNSUPPORTED_LOCATION
from tests.doubles.hetzner.reading import Json, Mistake

EUROPE = ["fsn1", "nbg1", "hel1"]
AMERICA = ["ash", "hil"]
EVERYWHERE = [*EUROPE, *AMERICA, "sin"]

_LOCATIONS = [
    (1, "fsn1", "Falkenstein DC Park 1", "DE", "Falkenstein", 50.47612, 12.370071, "eu-central"),
    (2, "nbg1", "Nuremberg DC Park 1", "DE", "Nuremberg", 49.452102, 11.076665, "eu-central"),
    (3, "hel1", "Helsinki DC Park 1", "FI", "Helsinki", 60.169855, 24.938379, "eu-central"),
    (4, "ash", "Ashburn, VA", "US", "Ashburn, VA", 39.045821, -77.487073, "us-east"),
    (5, "hil", "Hillsboro, OR", "US", "Hillsboro, OR", 45.54222, -122.951924, "us-west"),
    (6, "sin", "Singapore", "SG", "Singapore", 1.283333, 103.833333, "ap-southeast"),
]
_LOCATION_FIELDS = ("id", "name", "description", "country", "city", "latitude", "longitude", "network_zone")
LOCATIONS: dict[int, Json] = {row[0]: dict(zip(_LOCATION_FIELDS, row, strict=True)) for row in _LOCATIONS}

# id, name, cores, memory in GB, disk in GB, net price a month in EUR (as an example: real ones change), locations
_SERVER_TYPES: list[tuple[int, str, int, float, int, str, list[str]]] = [
    (104, "cx22", 2, 4.0, 40, "3.7900", EUROPE),
    (114, "cx23", 2, 4.0, 40, "3.4900", EUROPE),
    (115, "cx33", 4, 8.0, 80, "5.4900", EUROPE),
    (116, "cx43", 8, 16.0, 160, "9.4900", EUROPE),
    (117, "cx53", 16, 32.0, 320, "17.4900", EUROPE),
    (22, "cpx11", 2, 2.0, 40, "4.4900", AMERICA),
    (23, "cpx21", 3, 4.0, 80, "9.4900", AMERICA),
    (24, "cpx31", 4, 8.0, 160, "16.4900", AMERICA),
    (109, "cpx12", 1, 2.0, 40, "6.4900", [*EUROPE, "sin"]),
    (110, "cpx22", 2, 4.0, 80, "6.4900", [*EUROPE, "sin"]),
    (111, "cpx32", 4, 8.0, 160, "10.9900", [*EUROPE, "sin"]),
    (112, "cpx42", 8, 16.0, 320, "19.9900", [*EUROPE, "sin"]),
    (45, "cax11", 2, 4.0, 40, "3.7900", EUROPE),
    (93, "cax21", 4, 8.0, 80, "6.4900", EUROPE),
    (94, "cax31", 8, 16.0, 160, "12.4900", EUROPE),
    (96, "ccx13", 2, 8.0, 80, "12.4900", EVERYWHERE),
    (97, "ccx23", 4, 16.0, 160, "24.4900", EVERYWHERE),
]
DEPRECATED = {"cx22": {"announced": "2025-10-16T06:00:00Z", "unavailable_after": "2026-01-01T06:00:00Z"}}
_CATEGORIES = {"cx": "Cost-Optimized", "cpx": "Regular Performance", "cax": "Cost-Optimized", "ccx": "General Purpose"}

_IMAGES = [
    (114690387, 114690389, "debian-12", "Debian 12"),
    (310557660, 310557661, "debian-13", "Debian 13"),
    (67794396, 103908130, "ubuntu-22.04", "Ubuntu 22.04"),
    (161547269, 161547270, "ubuntu-24.04", "Ubuntu 24.04"),
]


def _price(net: float) -> Json:
    return {"net": f"{net:.10f}", "gross": f"{net * 1.19:.10f}"}


def _server_type(row: tuple[int, str, int, float, int, str, list[str]]) -> Json:
    number, name, cores, memory, disk, price, locations = row
    deprecation = DEPRECATED.get(name)
    family = name.rstrip("0123456789")
    return {
        "id": number,
        "name": name,
        "description": name.upper(),
        "category": _CATEGORIES[family],
        "cores": cores,
        "memory": memory,
        "disk": disk,
        "storage_type": "local",
        "cpu_type": "dedicated" if family == "ccx" else "shared",
        "architecture": "arm" if family == "cax" else "x86",
        "deprecated": deprecation is not None,
        "deprecation": deprecation,
        "prices": [
            {
                "location": location,
                "price_hourly": _price(float(price) / 625),
                "price_monthly": _price(float(price)),
                "included_traffic": (20 if location in EUROPE else 1) * 2**40,
                "price_per_tb_traffic": _price(1.0),
            }
            for location in locations
        ],
        "locations": [
            {
                "id": location["id"],
                "name": location["name"],
                "recommended": deprecation is None,
                "available": deprecation is None,
                "deprecation": deprecation,
            }
            for location in LOCATIONS.values()
            if location["name"] in locations
        ],
    }


def _image(number: int, name: str, description: str, architecture: str) -> Json:
    return {
        "id": number,
        "type": "system",
        "status": "available",
        "name": name,
        "description": description,
        "image_size": None,
        "disk_size": 5,
        "created": "2025-08-12T06:00:00Z",
        "created_from": None,
        "bound_to": None,
        "os_flavor": name.split("-")[0],
        "os_version": name.split("-")[1],
        "architecture": architecture,
        "rapid_deploy": True,
        "protection": {"delete": False},
        "deprecated": None,
        "deleted": None,
        "labels": {},
    }


SERVER_TYPES: dict[int, Json] = {row[0]: _server_type(row) for row in _SERVER_TYPES}
IMAGES: dict[int, Json] = {
    image["id"]: image
    for x86, arm, name, description in _IMAGES
    for image in (_image(x86, name, description, "x86"), _image(arm, name, description, "arm"))
}


def find(table: Mapping[int, Json], id_or_name: object) -> Json | None:
    """Returns the entry with this ID or name."""
    for number, entry in table.items():
        if id_or_name in (number, str(number), entry["name"]):
            return entry
    return None


def find_image(id_or_name: object, architecture: str) -> Json | None:
    """Returns a system image by ID, or by the name that it shares with that of the other architecture."""
    fitting = {number: image for number, image in IMAGES.items() if image["architecture"] == architecture}
    return find(fitting, id_or_name)


def offered(server_type: Json, location: str) -> list[Mistake]:
    """Returns why a location does not offer a server type, if it does not."""
    offers = [offer for offer in server_type["locations"] if offer["name"] == location]
    if not offers:
        return [("location", UNSUPPORTED_LOCATION)]
    deprecation = offers[0]["deprecation"]
    if deprecation and datetime.fromisoformat(deprecation["unavailable_after"]) < datetime.now(UTC):
        return [("server_type", f"server type {server_type['id']} is deprecated")]
    return []


def order_mistakes(body: Json) -> list[Mistake]:
    """Returns the parts of a server's order that Hetzner does not have, or not together."""
    server_type = find(SERVER_TYPES, body["server_type"])
    if server_type is None:
        return [("server_type", f"server type '{body['server_type']}' not found")]
    mistakes: list[Mistake] = []
    if find_image(body["image"], server_type["architecture"]) is None:
        mistakes.append(("image", f"image '{body['image']}' for {server_type['architecture']} not found"))
    location = find(LOCATIONS, body.get("location") or server_type["locations"][0]["name"])
    if location is None:
        return [*mistakes, ("location", f"location '{body['location']}' not found")]
    return mistakes + offered(server_type, location["name"])
