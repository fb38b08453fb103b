"""Primary IPs: addresses that outlive the server to which they are assigned."""

import ipaddress

from tests.doubles.hetzner import catalogue
from tests.doubles.hetzner.addressing import contains, default_pointer
from tests.doubles.hetzner.errors import Refused, invalid, protected
from tests.doubles.hetzner.project import Project
from tests.doubles.hetzner.reading import Json
from tests.doubles.hetzner.routes import Answer, Request, route


def make(project: Project, body: Json, location: Json) -> Json:
    """Creates an address of the body's type that is assigned to no server."""
    if body["type"] == "ipv4":
        try:
            address = project.addresses.ipv4({entry["ip"] for entry in project.primary_ips.values()})
        except LookupError as error:
            raise Refused(412, "resource_unavailable", str(error)) from None
        pointers = [{"ip": address, "dns_ptr": default_pointer(address)}]
    else:
        address, pointers = project.addresses.ipv6(), []
    return project.add(
        "primary_ips",
        body,
        type=body["type"],
        ip=address,
        dns_ptr=pointers,
        location=location,
        assignee_id=None,
        assignee_type="server",
        auto_delete=bool(body.get("auto_delete")),
        blocked=False,
        protection={"delete": False},
    )


def assign(primary_ip: Json, server: Json) -> None:
    primary_ip["assignee_id"] = server["id"]
    show(primary_ip, server)


def unassign(primary_ip: Json, server: Json | None) -> None:
    primary_ip["assignee_id"] = None
    if server is not None:
        server["public_net"][primary_ip["type"]] = None


def show(primary_ip: Json, server: Json) -> None:
    """Updates a server's public network with the address."""
    pointers = primary_ip["dns_ptr"]
    server["public_net"][primary_ip["type"]] = {
        "id": primary_ip["id"],
        "ip": primary_ip["ip"],
        "blocked": False,
        "dns_ptr": pointers[0]["dns_ptr"] if primary_ip["type"] == "ipv4" else pointers,
    }


def point(project: Project, primary_ip: Json, ip: str, name: str | None) -> None:
    """Sets the reverse name of one address. Without a name, IPv4 gets its default again and IPv6 loses its entry."""
    address = str(ipaddress.ip_address(ip))
    others = [entry for entry in primary_ip["dns_ptr"] if entry["ip"] != address]
    if name is None and primary_ip["type"] == "ipv4":
        name = default_pointer(address)
    primary_ip["dns_ptr"] = others + ([{"ip": address, "dns_ptr": name}] if name else [])
    if primary_ip["assignee_id"]:
        show(primary_ip, project.servers[primary_ip["assignee_id"]])


def _off(project: Project, number: int) -> Json:
    server = project.unlocked_server(number)
    if server["status"] != "off":
        raise Refused(422, "server_not_stopped", "server must be stopped")
    return server


def _check_fits(primary_ip_type: str, location: Json, server: Json) -> None:
    if server["public_net"][primary_ip_type] is not None:
        raise Refused(422, f"server_has_{primary_ip_type}", f"server already has an {primary_ip_type} address")
    if location["id"] != server["location"]["id"]:
        raise invalid([("assignee_id", "server is in another location")])


@route("POST", "/primary_ips")
def create(project: Project, request: Request) -> Answer:
    body = request.body
    project.check_new("primary_ips", body)
    if body.get("assignee_id") is None:
        location = catalogue.find(catalogue.LOCATIONS, body["location"])
        assert location is not None
        return 201, {"primary_ip": make(project, body, location), "action": None}
    server = _off(project, body["assignee_id"])
    _check_fits(body["type"], server["location"], server)
    primary_ip = make(project, body, server["location"])
    assign(primary_ip, server)
    action = project.act("assign_primary_ip", ("primary_ip", primary_ip["id"]), ("server", server["id"]), locks=server)
    return 201, {"primary_ip": primary_ip, "action": action}


@route("DELETE", "/primary_ips/{id}")
def delete(project: Project, request: Request) -> Answer:
    primary_ip = project.get("primary_ips", request.id)
    if primary_ip["protection"]["delete"]:
        raise protected("primary_ips")
    if primary_ip["assignee_id"] is not None:
        raise Refused(422, "must_be_unassigned", "primary IP must be unassigned")
    del project.primary_ips[request.id]
    return 204, None


@route("POST", "/primary_ips/{id}/actions/assign")
def assign_to(project: Project, request: Request) -> Answer:
    primary_ip = project.get("primary_ips", request.id)
    project.check("primary_ips/assign", request.body)
    if primary_ip["assignee_id"] is not None:
        raise Refused(422, "primary_ip_already_assigned", "primary IP is already assigned to a server")
    server = _off(project, request.body["assignee_id"])
    _check_fits(primary_ip["type"], primary_ip["location"], server)
    assign(primary_ip, server)
    resources = [("primary_ip", request.id), ("server", server["id"])]
    return 201, {"action": project.act("assign_primary_ip", *resources, locks=server)}


@route("POST", "/primary_ips/{id}/actions/unassign")
def unassign_from(project: Project, request: Request) -> Answer:
    primary_ip = project.get("primary_ips", request.id)
    if primary_ip["assignee_id"] is None:
        raise invalid([("assignee_id", "primary IP is not assigned")])
    server = _off(project, primary_ip["assignee_id"])
    unassign(primary_ip, server)
    resources = [("primary_ip", request.id), ("server", server["id"])]
    return 201, {"action": project.act("unassign_primary_ip", *resources, locks=server)}


@route("POST", "/primary_ips/{id}/actions/change_protection")
def change_protection(project: Project, request: Request) -> Answer:
    primary_ip = project.get("primary_ips", request.id)
    project.check("primary_ips/change_protection", request.body)
    if request.body["delete"] and primary_ip["auto_delete"]:
        raise invalid([("delete", "can only be enabled while auto_delete is false")])
    primary_ip["protection"] = {"delete": request.body["delete"]}
    return 201, {"action": project.act("change_protection", ("primary_ip", request.id))}


@route("POST", "/primary_ips/{id}/actions/change_dns_ptr")
def change_dns_ptr(project: Project, request: Request) -> Answer:
    primary_ip = project.get("primary_ips", request.id)
    project.check("primary_ips/change_dns_ptr", request.body)
    if not contains(primary_ip["ip"], request.body["ip"]):
        raise invalid([("ip", f"'{request.body['ip']}' does not belong to the primary IP")])
    point(project, primary_ip, request.body["ip"], request.body.get("dns_ptr"))
    return 201, {"action": project.act("change_dns_ptr", ("primary_ip", request.id))}
