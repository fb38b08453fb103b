"""The actions on a server: its power, type, image, backups, protection and reverse names."""

from tests.doubles.hetzner import catalogue
from tests.doubles.hetzner.actions import Steps
from tests.doubles.hetzner.addressing import contains
from tests.doubles.hetzner.errors import Refused, invalid, protected
from tests.doubles.hetzner.primary_ips import point
from tests.doubles.hetzner.project import Project
from tests.doubles.hetzner.reading import Json
from tests.doubles.hetzner.routes import Answer, Request, route
from tests.doubles.hetzner.servers import address, check_capacity, power

BACKUP_WINDOW = "22-02"


@route("POST", "/servers/{id}/actions/poweron")
def power_on(project: Project, request: Request) -> Answer:
    server = project.unlocked_server(request.id)
    if server["status"] == "running":
        return 201, {"action": project.act("start_server", ("server", request.id))}
    return 201, {"action": power(project, server, on=True, command="start_server")}


def _off(project: Project, request: Request, command: str) -> Answer:
    server = project.unlocked_server(request.id)
    if server["status"] == "off":
        return 201, {"action": project.act(command, ("server", request.id))}
    return 201, {"action": power(project, server, on=False, command=command)}


@route("POST", "/servers/{id}/actions/poweroff")
def power_off(project: Project, request: Request) -> Answer:
    return _off(project, request, "stop_server")


@route("POST", "/servers/{id}/actions/shutdown")
def shut_down(project: Project, request: Request) -> Answer:
    """Hetzner's action ends before the server is off; here the server shuts down at once."""
    return _off(project, request, "shutdown_server")


def _restart(project: Project, request: Request, command: str) -> Answer:
    server = project.unlocked_server(request.id)

    def work() -> None:
        project.machines.stop(request.id)
        project.machines.start(request.id)

    steps = Steps(
        begin=lambda: server.update(status="starting"),
        work=work,
        done=lambda: server.update(status="running"),
        failed=lambda: server.update(status="off"),
    )
    return 201, {"action": project.act(command, ("server", request.id), steps=steps, locks=server)}


@route("POST", "/servers/{id}/actions/reboot")
def reboot(project: Project, request: Request) -> Answer:
    return _restart(project, request, "reboot_server")


@route("POST", "/servers/{id}/actions/reset")
def reset(project: Project, request: Request) -> Answer:
    return _restart(project, request, "reset_server")


def _check_fits(server: Json, server_type: Json) -> None:
    location = server["location"]["name"]
    refusal = None
    if server_type["name"] == server["server_type"]["name"]:
        refusal = "server is already of this type"
    elif server_type["architecture"] != server["server_type"]["architecture"]:
        refusal = "server type has another architecture"
    elif server_type["disk"] < server["primary_disk_size"]:
        refusal = f"disk of {server['primary_disk_size']} GB does not fit: it cannot be made smaller"
    elif mistakes := catalogue.offered(server_type, location):
        refusal = mistakes[0][1]
    if refusal:
        raise Refused(422, "invalid_server_type", refusal)


@route("POST", "/servers/{id}/actions/change_type")
def change_type(project: Project, request: Request) -> Answer:
    server = project.unlocked_server(request.id)
    project.check("servers/change_type", request.body)
    server_type = catalogue.find(catalogue.SERVER_TYPES, request.body["server_type"])
    if server_type is None:
        raise invalid([("server_type", f"server type '{request.body['server_type']}' not found")])
    if server["status"] != "off":
        raise Refused(422, "server_not_stopped", "server must be stopped")
    _check_fits(server, server_type)
    check_capacity(project, server_type, server["location"])
    starts = project.starts_after_change_type

    def work() -> None:
        if starts:
            project.machines.start(request.id)

    def done() -> None:
        server.update(server_type=server_type, status="running" if starts else "off")
        if request.body["upgrade_disk"]:
            server["primary_disk_size"] = server_type["disk"]

    steps = Steps(
        begin=lambda: server.update(status="migrating"),
        work=work,
        done=done,
        failed=lambda: server.update(status="off"),
    )
    return 201, {"action": project.act("change_server_type", ("server", request.id), steps=steps, locks=server)}


@route("POST", "/servers/{id}/actions/rebuild")
def rebuild(project: Project, request: Request) -> Answer:
    server = project.unlocked_server(request.id)
    project.check("servers/rebuild", request.body)
    if server["protection"]["rebuild"]:
        raise protected("servers", "rebuild")
    image = catalogue.find_image(request.body["image"], server["server_type"]["architecture"])
    if image is None:
        raise invalid([("image", f"image '{request.body['image']}' not found")])
    if request.body.get("user_data") is not None:
        project.user_data[request.id] = request.body["user_data"]
    arguments = (request.id, server["name"], address(server), project.user_data[request.id])

    def work() -> None:
        project.machines.remove(request.id)
        project.machines.create(*arguments)
        project.machines.start(request.id)

    steps = Steps(
        begin=lambda: server.update(status="rebuilding"),
        work=work,
        done=lambda: server.update(status="running", image=image),
        failed=lambda: server.update(status="off"),
    )
    action = project.act("rebuild_server", ("server", request.id), steps=steps, locks=server)
    return 201, {"action": action, "root_password": None}


@route("POST", "/servers/{id}/actions/enable_backup")
def enable_backup(project: Project, request: Request) -> Answer:
    server = project.unlocked_server(request.id)
    server["backup_window"] = BACKUP_WINDOW
    return 201, {"action": project.act("enable_backup", ("server", request.id), locks=server)}


@route("POST", "/servers/{id}/actions/disable_backup")
def disable_backup(project: Project, request: Request) -> Answer:
    server = project.unlocked_server(request.id)
    server["backup_window"] = None
    return 201, {"action": project.act("disable_backup", ("server", request.id), locks=server)}


@route("POST", "/servers/{id}/actions/change_protection")
def change_protection(project: Project, request: Request) -> Answer:
    server = project.get("servers", request.id)
    project.check("servers/change_protection", request.body)
    if request.body.get("delete") is not None:
        server["protection"] = {"delete": request.body["delete"], "rebuild": request.body["rebuild"]}
    return 201, {"action": project.act("change_protection", ("server", request.id))}


@route("POST", "/servers/{id}/actions/change_dns_ptr")
def change_dns_ptr(project: Project, request: Request) -> Answer:
    project.get("servers", request.id)
    project.check("servers/change_dns_ptr", request.body)
    for primary_ip in project.primary_ips.values():
        if primary_ip["assignee_id"] == request.id and contains(primary_ip["ip"], request.body["ip"]):
            point(project, primary_ip, request.body["ip"], request.body.get("dns_ptr"))
            return 201, {"action": project.act("change_dns_ptr", ("server", request.id))}
    raise invalid([("ip", f"'{request.body['ip']}' does not belong to the server")])
