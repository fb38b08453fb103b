"""Servers: created, read and deleted. The actions on one are in server_actions."""

import secrets
from typing import Any

from tests.doubles.hetzner import catalogue, firewalls, primary_ips, volumes
from tests.doubles.hetzner.actions import Steps
from tests.doubles.hetzner.errors import Refused, invalid, not_found, protected
from tests.doubles.hetzner.project import Project
from tests.doubles.hetzner.reading import Json
from tests.doubles.hetzner.routes import Answer, Request, route


def ordered(project: Project, body: Json) -> tuple[Json, Json, Json]:
    """Returns the server type, image and location of an order whose fields were checked."""
    server_type = catalogue.find(catalogue.SERVER_TYPES, body["server_type"])
    assert server_type is not None
    image = catalogue.find_image(body["image"], server_type["architecture"])
    location = catalogue.find(catalogue.LOCATIONS, body.get("location") or server_type["locations"][0]["name"])
    assert image is not None
    assert location is not None
    check_capacity(project, server_type, location)
    return server_type, image, location


def check_capacity(project: Project, server_type: Json, location: Json) -> None:
    if (location["name"], server_type["name"]) in project.sold_out:
        raise Refused(412, "resource_unavailable", "error during placement")


def _chosen_addresses(project: Project, body: Json, location: Json) -> tuple[list[Json], list[str]]:
    """Returns the primary IPs of an order, and the types of those that are still to be created."""
    net = body.get("public_net") or {}
    chosen, missing = [], []
    for kind in ("ipv4", "ipv6"):
        number = net.get(kind)
        if number is not None:
            chosen.append(_chosen_address(project, int(number), kind, location))
        elif net.get(f"enable_{kind}", True):
            missing.append(kind)
    if missing:
        project.check_limit("primary_ips", more=len(missing))
    return chosen, missing


def _chosen_address(project: Project, number: int, kind: str, location: Json) -> Json:
    primary_ip = project.get("primary_ips", number)
    if primary_ip["type"] != kind:
        raise Refused(412, "primary_ip_version_mismatch", f"primary IP {number} is not of type {kind}")
    if primary_ip["assignee_id"] is not None:
        raise Refused(422, "primary_ip_assigned", f"primary IP {number} is already assigned to a server")
    if primary_ip["location"]["id"] != location["id"]:
        raise Refused(422, "primary_ip_datacenter_mismatch", f"primary IP {number} is in another location")
    return primary_ip


def _keys(project: Project, wanted: list[int | str]) -> list[Json]:
    keys = []
    for id_or_name in wanted:
        key = catalogue.find(project.ssh_keys, id_or_name)
        if key is None:
            raise invalid([("ssh_keys", f"SSH key '{id_or_name}' not found")])
        keys.append(key)
    return keys


def _volumes(project: Project, body: Json, location: Json) -> list[Json]:
    chosen = [project.get("volumes", int(number)) for number in body.get("volumes") or []]
    for volume in chosen:
        volumes.check_attachable(volume, {"location": location})
    return chosen


def _firewalls(project: Project, body: Json) -> list[Json]:
    return [project.get("firewalls", int(entry["firewall"])) for entry in body.get("firewalls") or []]


def _new(project: Project, body: Json, server_type: Json, image: Json, location: Json) -> Json:
    public_net: Json = {"ipv4": None, "ipv6": None, "floating_ips": [], "firewalls": []}
    return project.add(
        "servers",
        body,
        status="initializing",
        public_net=public_net,
        private_net=[],
        server_type=server_type,
        location=location,
        image=image,
        iso=None,
        rescue_enabled=False,
        locked=False,
        backup_window=None,
        outgoing_traffic=None,
        ingoing_traffic=None,
        included_traffic=server_type["prices"][0]["included_traffic"],
        protection={"delete": False, "rebuild": False},
        volumes=[],
        load_balancers=[],
        primary_disk_size=server_type["disk"],
        placement_group=None,
    )


def power(project: Project, server: Json, *, on: bool, **how: Any) -> Json:
    """An action that turns a server on or off, named by `command`."""
    passing, final = ("starting", "running") if on else ("stopping", "off")
    turn = project.machines.start if on else project.machines.stop
    steps = Steps(
        begin=lambda: server.update(status=passing),
        work=lambda: turn(server["id"]),
        done=lambda: server.update(status=final),
        failed=lambda: server.update(status="off" if on else "running"),
    )
    return project.act(how.pop("command"), ("server", server["id"]), steps=steps, locks=server, **how)


def address(server: Json) -> str:
    ipv4 = server["public_net"]["ipv4"]
    return str(ipv4["ip"]) if ipv4 else ""


@route("POST", "/servers")
def create(project: Project, request: Request) -> Answer:
    body = request.body
    project.check_new("servers", body)
    server_type, image, location = ordered(project, body)
    keys = _keys(project, body.get("ssh_keys") or [])
    chosen_volumes, chosen_firewalls = _volumes(project, body, location), _firewalls(project, body)
    chosen, missing = _chosen_addresses(project, body, location)

    server = _new(project, body, server_type, image, location)
    for kind in missing:
        name = f"primary_ip-{kind}-{server['id']}"
        chosen.append(primary_ips.make(project, {"name": name, "type": kind, "auto_delete": True}, location))
    for primary_ip in chosen:
        primary_ips.assign(primary_ip, server)
    project.user_data[server["id"]] = body.get("user_data") or ""

    arguments = (server["id"], server["name"], address(server), project.user_data[server["id"]])
    steps = Steps(
        work=lambda: project.machines.create(*arguments),
        done=lambda: server.update(status="off"),
    )
    action = project.act("create_server", ("server", server["id"]), steps=steps, locks=server)
    next_actions = [firewalls.apply(project, firewall, server, after=action) for firewall in chosen_firewalls]
    for volume in chosen_volumes:
        next_actions.append(volumes.start_attaching(project, volume, server, after=action))
    if body.get("start_after_create", True):
        last = next_actions[-1] if next_actions else action
        next_actions.append(power(project, server, on=True, command="start_server", after=last))
    password = None if keys else secrets.token_urlsafe(15)
    return 201, {"server": server, "action": action, "next_actions": next_actions, "root_password": password}


@route("DELETE", "/servers/{id}")
def delete(project: Project, request: Request) -> Answer:
    """Resources that were attached to the server outlive it, except primary IPs with auto_delete."""
    if request.id not in project.servers:
        raise not_found("servers", request.id)
    if project.servers[request.id]["protection"]["delete"]:
        raise protected("servers")
    server = project.unlocked_server(request.id)
    before, attached = server["status"], list(server["volumes"])

    def work() -> None:
        for volume in attached:
            project.machines.detach(volume)
        project.machines.remove(server["id"])

    steps = Steps(
        begin=lambda: server.update(status="deleting"),
        work=work,
        done=lambda: _gone(project, server),
        failed=lambda: server.update(status=before),
    )
    return 200, {"action": project.act("delete_server", ("server", server["id"]), steps=steps, locks=server)}


def _gone(project: Project, server: Json) -> None:
    for number in list(server["volumes"]):
        volumes.detach_now(project, project.volumes[number])
    for entry in list(server["public_net"]["firewalls"]):
        firewalls.take_off(project.firewalls[entry["id"]], server)
    for primary_ip in list(project.primary_ips.values()):
        if primary_ip["assignee_id"] == server["id"]:
            primary_ips.unassign(primary_ip, server)
            if primary_ip["auto_delete"]:
                del project.primary_ips[primary_ip["id"]]
    del project.servers[server["id"]]
    del project.user_data[server["id"]]
