"""DNS zones. Their records are in rrsets."""

from tests.doubles.hetzner.actions import now
from tests.doubles.hetzner.errors import not_found, protected
from tests.doubles.hetzner.listing import page
from tests.doubles.hetzner.project import Project
from tests.doubles.hetzner.reading import Json
from tests.doubles.hetzner.routes import Answer, Request, route

NAMESERVERS = ["hydrogen.ns.hetzner.com.", "oxygen.ns.hetzner.com.", "helium.ns.hetzner.de."]
DEFAULT_TTL = 3600


def new_rrset(zone: Json, name: str, kind: str, records: list[Json], **values: object) -> Json:
    return {
        "id": f"{name}/{kind}",
        "name": name,
        "type": kind,
        "ttl": None,
        "labels": {},
        "protection": {"change": False},
        "records": records,
        "zone": zone["id"],
        **values,
    }


def add_zone(project: Project, body: Json) -> Json:
    """Creates a zone with the records that each zone has: SOA and NS."""
    zone = project.add(
        "zones",
        body,
        ttl=body.get("ttl") or DEFAULT_TTL,
        mode=body["mode"],
        primary_nameservers=body.get("primary_nameservers") or [],
        protection={"delete": False},
        registrar="unknown",
        status="ok",
        record_count=0,
        authoritative_nameservers={
            "assigned": NAMESERVERS,
            "delegated": NAMESERVERS,
            "delegation_last_check": now(),
            "delegation_status": "valid",
        },
    )
    authority = f"{NAMESERVERS[0]} dns.hetzner.com. 2026010100 86400 10800 3600000 3600"
    made = [
        new_rrset(zone, "@", "SOA", [{"value": authority, "comment": ""}]),
        new_rrset(zone, "@", "NS", [{"value": server, "comment": ""} for server in NAMESERVERS], ttl=DEFAULT_TTL),
    ]
    project.rrsets[zone["id"]] = {rrset["id"]: rrset for rrset in made}
    return zone


def find(project: Project, request: Request) -> Json:
    """Returns the zone whose ID or name is in the path."""
    for number, zone in project.zones.items():
        if request.parts["zone"] in (str(number), zone["name"]):
            return shown(project, zone)
    raise not_found("zones", request.parts["zone"])


def shown(project: Project, zone: Json) -> Json:
    zone["record_count"] = sum(len(rrset["records"]) for rrset in project.rrsets[zone["id"]].values())
    return zone


@route("GET", "/zones")
def listed(project: Project, request: Request) -> Answer:
    return 200, page("zones", (shown(project, zone) for zone in project.zones.values()), request.query)


@route("GET", "/zones/{zone}")
def read(project: Project, request: Request) -> Answer:
    return 200, {"zone": find(project, request)}


@route("POST", "/zones")
def create(project: Project, request: Request) -> Answer:
    project.check_new("zones", request.body)
    zone = add_zone(project, request.body)
    for entry in request.body.get("rrsets") or []:
        values = {"ttl": entry.get("ttl"), "labels": entry.get("labels") or {}}
        rrset = new_rrset(zone, entry["name"], entry["type"], entry["records"], **values)
        project.rrsets[zone["id"]][rrset["id"]] = rrset
    return 201, {"zone": shown(project, zone), "action": project.act("create_zone", ("zone", zone["id"]))}


@route("PUT", "/zones/{zone}")
def changed(project: Project, request: Request) -> Answer:
    zone = find(project, request)
    project.check("zones/update", request.body)
    if request.body.get("labels") is not None:
        zone["labels"] = request.body["labels"]
    return 200, {"zone": zone}


@route("DELETE", "/zones/{zone}")
def delete(project: Project, request: Request) -> Answer:
    zone = find(project, request)
    if zone["protection"]["delete"]:
        raise protected("zones")
    del project.zones[zone["id"]], project.rrsets[zone["id"]]
    return 201, {"action": project.act("delete_zone", ("zone", zone["id"]))}


@route("POST", "/zones/{zone}/actions/change_protection")
def change_protection(project: Project, request: Request) -> Answer:
    zone = find(project, request)
    project.check("zones/change_protection", request.body)
    if request.body.get("delete") is not None:
        zone["protection"] = {"delete": request.body["delete"]}
    return 201, {"action": project.act("change_protection", ("zone", zone["id"]))}


@route("POST", "/zones/{zone}/actions/change_ttl")
def change_ttl(project: Project, request: Request) -> Answer:
    zone = find(project, request)
    project.check("zones/change_ttl", request.body)
    zone["ttl"] = request.body["ttl"]
    return 201, {"action": project.act("change_ttl", ("zone", zone["id"]))}
