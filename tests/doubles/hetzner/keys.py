"""SSH keys."""

import base64
import hashlib

from tests.doubles.hetzner.errors import Refused
from tests.doubles.hetzner.project import Project
from tests.doubles.hetzner.routes import Answer, Request, route


def fingerprint(public_key: str) -> str:
    digest = hashlib.md5(base64.b64decode(public_key.split()[1])).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


@route("POST", "/ssh_keys")
def create(project: Project, request: Request) -> Answer:
    project.check_new("ssh_keys", request.body)
    print_ = fingerprint(request.body["public_key"])
    if any(key["fingerprint"] == print_ for key in project.ssh_keys.values()):
        fields = {"fields": [{"name": "public_key"}]}
        raise Refused(409, "uniqueness_error", "SSH key with the same fingerprint already exists", fields)
    public_key = request.body["public_key"].strip()
    return 201, {"ssh_key": project.add("ssh_keys", request.body, public_key=public_key, fingerprint=print_)}


@route("DELETE", "/ssh_keys/{id}")
def delete(project: Project, request: Request) -> Answer:
    project.get("ssh_keys", request.id)
    del project.ssh_keys[request.id]
    return 204, None
