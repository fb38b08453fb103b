"""RRSets: the records of one name and type in a zone."""

from tests.doubles.hetzner import fields
from tests.doubles.hetzner.actions import Steps
from tests.doubles.hetzner.errors import Refused, invalid, not_found, protected
from tests.doubles.hetzner.listing import page
from tests.doubles.hetzner.project import Project
from tests.doubles.hetzner.reading import Json
from tests.doubles.hetzner.routes import Answer, Request, route
from tests.doubles.hetzner.zones import find, new_rrset

ONE = "/zones/{zone}/rrsets/{name}/{type}"


def _find(project: Project, request: Request) -> tuple[Json, Json]:
    """Returns the zone and the RRSet in the path."""
    zone = find(project, request)
    key = f"{request.parts['name']}/{request.parts['type']}"
    rrset = project.rrsets[zone["id"]].get(key)
    if rrset is None:
        raise not_found("rrsets", key)
    return zone, rrset


def _changeable(project: Project, request: Request) -> tuple[Json, Json]:
    zone, rrset = _find(project, request)
    if rrset["protection"]["change"]:
        raise protected("rrsets", "change")
    if rrset["type"] == "SOA":
        raise invalid([("type", "the SOA record is managed by the API")])
    return zone, rrset


def _tell(project: Project, zone: Json, rrset: Json, command: str, values: list[str]) -> Json:
    """Starts an action in which the name servers receive the new values."""
    name = zone["name"] if rrset["name"] == "@" else f"{rrset['name']}.{zone['name']}"
    steps = Steps(work=lambda: project.machines.record(name, rrset["type"], values))
    return project.act(command, ("zone", zone["id"]), steps=steps)


def _stored(records: list[Json]) -> list[Json]:
    return [{"value": record["value"], "comment": record.get("comment") or ""} for record in records]


def _set(project: Project, zone: Json, rrset: Json, records: list[Json], command: str) -> Answer:
    mistakes = fields.check_rrset_records(rrset["type"], {"records": records})
    if mistakes:
        raise invalid(mistakes)
    rrset["records"] = _stored(records)
    values = [record["value"] for record in records]
    return 201, {"action": _tell(project, zone, rrset, command, values)}


@route("GET", "/zones/{zone}/rrsets")
def listed(project: Project, request: Request) -> Answer:
    zone = find(project, request)
    return 200, page("rrsets", project.rrsets[zone["id"]].values(), request.query)


@route("GET", ONE)
def read(project: Project, request: Request) -> Answer:
    return 200, {"rrset": _find(project, request)[1]}


@route("POST", "/zones/{zone}/rrsets")
def create(project: Project, request: Request) -> Answer:
    zone, body = find(project, request), request.body
    project.check("rrsets", body)
    if zone["mode"] != "primary":
        raise Refused(422, "incorrect_zone_mode", "not supported for the mode of this zone")
    if body["name"] == zone["name"] or body["name"].endswith(f".{zone['name']}"):
        raise invalid([("name", "must be relative to the zone")])
    rrsets = project.rrsets[zone["id"]]
    if f"{body['name']}/{body['type']}" in rrsets:
        raise Refused(409, "uniqueness_error", "RRSet already exists", {"fields": [{"name": "name"}, {"name": "type"}]})
    same_name = [rrset["type"] for rrset in rrsets.values() if rrset["name"] == body["name"]]
    if same_name and "CNAME" in (body["type"], *same_name):
        raise invalid([("type", "a CNAME must be the only record of its name")])
    records = _stored(body["records"])
    rrset = new_rrset(zone, body["name"], body["type"], records, ttl=body.get("ttl"), labels=body.get("labels") or {})
    rrsets[rrset["id"]] = rrset
    values = [record["value"] for record in records]
    return 201, {"rrset": rrset, "action": _tell(project, zone, rrset, "create_rrset", values)}


@route("PUT", ONE)
def changed(project: Project, request: Request) -> Answer:
    rrset = _find(project, request)[1]
    project.check("rrsets/update", request.body)
    if request.body.get("labels") is not None:
        rrset["labels"] = request.body["labels"]
    return 200, {"rrset": rrset}


@route("DELETE", ONE)
def delete(project: Project, request: Request) -> Answer:
    zone, rrset = _changeable(project, request)
    del project.rrsets[zone["id"]][rrset["id"]]
    return 201, {"action": _tell(project, zone, rrset, "delete_rrset", [])}


@route("POST", f"{ONE}/actions/set_records")
def set_records(project: Project, request: Request) -> Answer:
    zone, rrset = _changeable(project, request)
    return _set(project, zone, rrset, request.body.get("records") or [], "set_rrset_records")


@route("POST", f"{ONE}/actions/add_records")
def add_records(project: Project, request: Request) -> Answer:
    zone, rrset = _changeable(project, request)
    return _set(project, zone, rrset, rrset["records"] + (request.body.get("records") or []), "add_rrset_records")


@route("POST", f"{ONE}/actions/remove_records")
def remove_records(project: Project, request: Request) -> Answer:
    """An RRSet is deleted with its last record."""
    zone, rrset = _changeable(project, request)
    gone = {record["value"] for record in request.body.get("records") or []}
    kept = [record for record in rrset["records"] if record["value"] not in gone]
    if not kept:
        return delete(project, request)
    return _set(project, zone, rrset, kept, "remove_rrset_records")


@route("POST", f"{ONE}/actions/change_ttl")
def change_ttl(project: Project, request: Request) -> Answer:
    zone, rrset = _changeable(project, request)
    project.check("rrsets/change_ttl", request.body)
    rrset["ttl"] = request.body.get("ttl")
    return 201, {"action": project.act("change_rrset_ttl", ("zone", zone["id"]))}


@route("POST", f"{ONE}/actions/change_protection")
def change_protection(project: Project, request: Request) -> Answer:
    zone, rrset = _find(project, request)
    project.check("rrsets/change_protection", request.body)
    if request.body.get("change") is not None:
        rrset["protection"] = {"change": request.body["change"]}
    return 201, {"action": project.act("change_rrset_protection", ("zone", zone["id"]))}
