"""What the API does in the same way for every kind: list, read, rename and label."""

from tests.doubles.hetzner.errors import invalid
from tests.doubles.hetzner.listing import page
from tests.doubles.hetzner.project import Project
from tests.doubles.hetzner.reading import Json
from tests.doubles.hetzner.routes import Answer, Request, route


@route("GET", "/{kind}")
def listed(project: Project, request: Request) -> Answer:
    kind = request.parts["kind"]
    return 200, page(kind, project.tables[kind].values(), request.query)


@route("GET", "/{kind}/{id}")
def read(project: Project, request: Request) -> Answer:
    kind = request.parts["kind"]
    return 200, {kind.removesuffix("s"): project.get(kind, request.id)}


@route("PUT", "/{changeable}/{id}")
def changed(project: Project, request: Request) -> Answer:
    kind = request.parts["changeable"]
    entry = project.get(kind, request.id)
    body = request.body
    project.check(f"{kind}/update", body)
    if body.get("name"):
        project.check_name(kind, body["name"], own=entry["id"])
        entry["name"] = body["name"]
    if body.get("labels") is not None:
        entry["labels"] = body["labels"]
    if kind == "primary_ips" and body.get("auto_delete") is not None:
        if body["auto_delete"] and entry["protection"]["delete"]:
            raise invalid([("auto_delete", "must be false while deletion is protected")])
        entry["auto_delete"] = body["auto_delete"]
    return 200, {kind.removesuffix("s"): entry}


def _of(project: Project, kind: str, number: int) -> list[Json]:
    """Lists the actions on one resource."""
    resource = {"id": number, "type": kind.removesuffix("s")}
    return [action for action in project.actions.values() if resource in action["resources"]]


@route("GET", "/{collection}/{id}/actions")
def actions_of_one(project: Project, request: Request) -> Answer:
    return 200, page("actions", _of(project, request.parts["collection"], request.id), request.query)


@route("GET", "/{collection}/actions/{id}")
def action_by_kind(project: Project, request: Request) -> Answer:
    return 200, {"action": project.get("actions", request.id)}


@route("GET", "/{collection}/{owner}/actions/{id}")
def action_of_one(project: Project, request: Request) -> Answer:
    return 200, {"action": project.get("actions", request.id)}
