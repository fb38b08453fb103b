"""Firewalls and the servers that they are applied to."""

from tests.doubles.hetzner.actions import Steps
from tests.doubles.hetzner.errors import Refused
from tests.doubles.hetzner.project import Project
from tests.doubles.hetzner.reading import Json
from tests.doubles.hetzner.routes import Answer, Request, route
from tests.doubles.hetzner.rules import stored

MOST_ON_A_SERVER = 5


def apply(project: Project, firewall: Json, server: Json, after: Json | None = None) -> Json:
    """Applies a firewall to a server. It is pending until the action has ended."""
    if any(entry["id"] == firewall["id"] for entry in server["public_net"]["firewalls"]):
        raise Refused(422, "firewall_already_applied", "firewall was already applied on resource")
    if len(server["public_net"]["firewalls"]) == MOST_ON_A_SERVER:
        raise Refused(403, "resource_limit_exceeded", f"at most {MOST_ON_A_SERVER} firewalls on a server")
    entry = {"id": firewall["id"], "status": "pending"}
    server["public_net"]["firewalls"].append(entry)
    firewall["applied_to"].append({"type": "server", "server": {"id": server["id"]}})
    resources = [("server", server["id"]), ("firewall", firewall["id"])]
    steps = Steps(done=lambda: entry.update(status="applied"))
    return project.act("apply_firewall", *resources, steps=steps, after=after)


def take_off(firewall: Json, server: Json) -> None:
    net = server["public_net"]
    net["firewalls"] = [entry for entry in net["firewalls"] if entry["id"] != firewall["id"]]
    firewall["applied_to"] = [entry for entry in firewall["applied_to"] if entry["server"]["id"] != server["id"]]


def _servers(project: Project, resources: list[Json]) -> list[Json]:
    servers = []
    for resource in resources:
        if resource["type"] != "server":
            raise Refused(422, "unsupported_error", "this double applies firewalls to servers only")
        server = project.servers.get(resource["server"]["id"])
        if server is None:
            raise Refused(404, "firewall_resource_not_found", "firewall resource not found")
        servers.append(server)
    return servers


@route("POST", "/firewalls")
def create(project: Project, request: Request) -> Answer:
    project.check_new("firewalls", request.body)
    servers = _servers(project, request.body.get("apply_to") or [])
    rules = [stored(rule) for rule in request.body.get("rules") or []]
    firewall = project.add("firewalls", request.body, rules=rules, applied_to=[])
    actions = [project.act("set_firewall_rules", ("firewall", firewall["id"]))] if rules else []
    return 201, {"firewall": firewall, "actions": actions + [apply(project, firewall, one) for one in servers]}


@route("DELETE", "/firewalls/{id}")
def delete(project: Project, request: Request) -> Answer:
    if project.get("firewalls", request.id)["applied_to"]:
        raise Refused(422, "resource_in_use", "firewall is still in use")
    del project.firewalls[request.id]
    return 204, None


@route("POST", "/firewalls/{id}/actions/set_rules")
def set_rules(project: Project, request: Request) -> Answer:
    firewall = project.get("firewalls", request.id)
    project.check("firewalls/set_rules", request.body)
    firewall["rules"] = [stored(rule) for rule in request.body["rules"]]
    actions = [project.act("set_firewall_rules", ("firewall", request.id))]
    for entry in firewall["applied_to"]:
        actions.append(project.act("apply_firewall", ("server", entry["server"]["id"]), ("firewall", request.id)))
    return 201, {"actions": actions}


@route("POST", "/firewalls/{id}/actions/apply_to_resources")
def apply_to_resources(project: Project, request: Request) -> Answer:
    firewall = project.get("firewalls", request.id)
    project.check("firewalls/apply_to_resources", request.body)
    servers = _servers(project, request.body["apply_to"])
    return 201, {"actions": [apply(project, firewall, server) for server in servers]}


@route("POST", "/firewalls/{id}/actions/remove_from_resources")
def remove_from_resources(project: Project, request: Request) -> Answer:
    firewall = project.get("firewalls", request.id)
    project.check("firewalls/remove_from_resources", request.body)
    actions = []
    for server in _servers(project, request.body["remove_from"]):
        take_off(firewall, server)
        actions.append(project.act("remove_firewall", ("server", server["id"]), ("firewall", request.id)))
    return 201, {"actions": actions}
