"""Volumes: block storage that is attached to one server at a time."""

from tests.doubles.hetzner import catalogue
from tests.doubles.hetzner.actions import Steps
from tests.doubles.hetzner.errors import Refused, invalid, locked, protected
from tests.doubles.hetzner.project import Project
from tests.doubles.hetzner.reading import Json
from tests.doubles.hetzner.routes import Answer, Request, route


def check_attachable(volume: Json, server: Json) -> None:
    if volume["server"] is not None:
        raise Refused(422, "volume_already_attached", "volume is already attached to a server")
    if volume["location"]["id"] != server["location"]["id"]:
        raise invalid([("server", "volume and server must be in the same location")])


def start_attaching(project: Project, volume: Json, server: Json, after: Json | None = None) -> Json:
    def attached() -> None:
        volume["server"] = server["id"]
        server["volumes"].append(volume["id"])

    steps = Steps(work=lambda: project.machines.attach(volume["id"], server["id"]), done=attached)
    resources = [("server", server["id"]), ("volume", volume["id"])]
    extra_s = project.delay_attach_s
    return project.act("attach_volume", *resources, steps=steps, locks=server, after=after, extra_s=extra_s)


def detach_now(project: Project, volume: Json) -> None:
    server = project.servers[volume["server"]]
    server["volumes"].remove(volume["id"])
    volume["server"] = None


@route("POST", "/volumes")
def create(project: Project, request: Request) -> Answer:
    body = request.body
    project.check_new("volumes", body)
    server = project.unlocked_server(body["server"]) if body.get("server") is not None else None
    location = server["location"] if server else catalogue.find(catalogue.LOCATIONS, body["location"])
    volume = project.add(
        "volumes",
        body,
        size=int(body["size"]),
        server=None,
        location=location,
        status="creating",
        format=body.get("format"),
        protection={"delete": False},
    )
    number = volume["id"]
    volume["linux_device"] = f"/dev/disk/by-id/scsi-0HC_Volume_{number}"

    def work() -> None:
        if volume["format"]:
            project.machines.format(number, volume["size"], volume["format"])

    steps = Steps(work=work, done=lambda: volume.update(status="available"))
    action = project.act("create_volume", ("volume", number), steps=steps)
    next_actions = [start_attaching(project, volume, server, after=action)] if server else []
    return 201, {"volume": volume, "action": action, "next_actions": next_actions}


@route("DELETE", "/volumes/{id}")
def delete(project: Project, request: Request) -> Answer:
    volume = project.get("volumes", request.id)
    if volume["protection"]["delete"]:
        raise protected("volumes")
    if volume["server"] is not None:
        raise Refused(422, "resource_in_use", "volume is still attached to a server")
    del project.volumes[request.id]
    # The answer to the deletion of a volume has no action, so this one is for the hook alone.
    project.act("delete_volume", ("volume", request.id), steps=Steps(work=lambda: project.machines.forget(request.id)))
    return 204, None


@route("POST", "/volumes/{id}/actions/attach")
def attach(project: Project, request: Request) -> Answer:
    volume = project.get("volumes", request.id)
    project.check("volumes/attach", request.body)
    if volume["status"] != "available":
        raise locked("volumes")
    server = project.get("servers", request.body["server"])
    check_attachable(volume, server)
    return 201, {"action": start_attaching(project, volume, project.unlocked_server(server["id"]))}


@route("POST", "/volumes/{id}/actions/detach")
def detach(project: Project, request: Request) -> Answer:
    volume = project.get("volumes", request.id)
    if volume["server"] is None:
        raise Refused(422, "service_error", "volume is not attached to a server")
    server = project.unlocked_server(volume["server"])
    steps = Steps(
        work=lambda: project.machines.detach(request.id),
        done=lambda: detach_now(project, volume),
    )
    resources = [("server", server["id"]), ("volume", request.id)]
    return 201, {"action": project.act("detach_volume", *resources, steps=steps, locks=server)}


@route("POST", "/volumes/{id}/actions/resize")
def resize(project: Project, request: Request) -> Answer:
    volume = project.get("volumes", request.id)
    project.check("volumes/resize", request.body)
    size = int(request.body["size"])
    if size <= volume["size"]:
        raise invalid([("size", f"must be greater than the current size of {volume['size']} GB")])
    steps = Steps(done=lambda: volume.update(size=size))
    return 201, {"action": project.act("resize_volume", ("volume", request.id), steps=steps)}


@route("POST", "/volumes/{id}/actions/change_protection")
def change_protection(project: Project, request: Request) -> Answer:
    volume = project.get("volumes", request.id)
    project.check("volumes/change_protection", request.body)
    if request.body.get("delete") is not None:
        volume["protection"] = {"delete": request.body["delete"]}
    return 201, {"action": project.act("change_protection", ("volume", request.id))}
