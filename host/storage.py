"""The folders of an Electric's shapes: one for each image, on the one volume of the service.

Another version of Electric empties the folder that it finds, so it must not be that of the one that still serves. And
a folder that served once is wrong as soon as another one has served: it lacks what came meanwhile.
"""

from pathlib import PurePosixPath

from . import docker
from .failure import Failure

VARIABLE = "ELECTRIC_STORAGE_DIR"
SERVED = ".served"


def folder(container: str) -> PurePosixPath | None:
    """Where a container has its shapes; None where that is no folder of its own on a volume."""
    known = docker.inspect(container)
    variables = dict(entry.split("=", 1) for entry in known["Config"]["Env"] or [])
    path = PurePosixPath(variables.get(VARIABLE, "/"))
    return path if str(path.parent) in {mount["Destination"] for mount in known["Mounts"]} else None


def has_served(container: str) -> bool:
    """Whether a running container found its folder as another one has left it that once served from it."""
    path = folder(container)
    return path is not None and docker.execute(container, ["test", "-e", str(path / SERVED)]).code == 0


def note(what: str, container: str) -> None:
    """Notes that the folder of a running container serves from now on."""
    if path := folder(container):
        _run(what, container, ["mkdir", "-p", str(path)])
        _run(what, container, ["touch", str(path / SERVED)])


def empty(what: str, container: str) -> None:
    """Empties the folder of a container, which begins anew with it."""
    if path := folder(container):
        docker.kill([container])
        image = docker.inspect(container)["Image"]
        helper = ["run", "--rm", "--network", "none", "--volumes-from", container, "--entrypoint", "rm", image]
        docker.ask(*helper, "-rf", str(path))
        if not docker.start(container):
            raise Failure(f"{what}: container {container} cannot be started; run up again")


def prune(what: str, container: str) -> None:
    """Removes all other folders from the volume of a running container."""
    if path := folder(container):
        others = ["find", str(path.parent), "-mindepth", "1", "-maxdepth", "1", "!", "-name", path.name]
        _run(what, container, [*others, "-exec", "rm", "-rf", "{}", "+"])


def _run(what: str, container: str, command: list[str]) -> None:
    done = docker.execute(container, command)
    if done.code:
        raise Failure(f"{what}: {container} has refused {command[0]}: {done.error.strip()}; run up again")
