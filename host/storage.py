"""The folders of Electric's shapes: one for each image, on the service's one volume.

Another version of Electric empties the folder that it finds, so the old and the new Electric must not share one. A
folder that served before lacks the rows of the time since then, so it is emptied before it serves again.
"""

from pathlib import PurePosixPath

from . import docker
from .failure import Failure

VARIABLE = "ELECTRIC_STORAGE_DIR"
SERVED = ".served"


def folder(container: str) -> PurePosixPath | None:
    """Returns the folder of a container's shapes. None: it has no folder of its own on a volume."""
    description = docker.inspect(container)
    variables = dict(entry.split("=", 1) for entry in description["Config"]["Env"] or [])
    path = PurePosixPath(variables.get(VARIABLE, "/"))
    return path if str(path.parent) in {mount["Destination"] for mount in description["Mounts"]} else None


def has_served(subject: str, container: str) -> bool:
    """Whether an earlier Electric has served from a running container's folder."""
    path = folder(container)
    if path is None:
        return False
    # `test` alone would not do: a Docker that refuses the command has the exit code of a missing file.
    asked = docker.execute(container, ["sh", "-c", 'if [ -e "$1" ]; then echo yes; fi', "sh", str(path / SERVED)])
    if asked.code:
        raise Failure(f"{subject}: its shapes cannot be read in {container}: {asked.error.strip()}; run up again")
    return bool(asked.out)


def mark_served(subject: str, container: str) -> None:
    """Marks a running container's folder as one that serves."""
    if path := folder(container):
        _run(subject, container, ["mkdir", "-p", str(path)])
        _run(subject, container, ["touch", str(path / SERVED)])


def empty(subject: str, container: str) -> None:
    """Empties a container's folder and restarts the container."""
    if path := folder(container):
        docker.kill([container])
        image = docker.inspect(container)["Image"]
        helper = ["run", "--rm", "--network", "none", "--volumes-from", container, "--entrypoint", "rm", image]
        docker.check_output(*helper, "-rf", str(path))
        if not docker.start(container):
            raise Failure(f"{subject}: container {container} cannot be started; run up again")


def prune(subject: str, container: str) -> None:
    """Removes all other folders from a running container's volume."""
    if path := folder(container):
        others = ["find", str(path.parent), "-mindepth", "1", "-maxdepth", "1", "!", "-name", path.name]
        _run(subject, container, [*others, "-exec", "rm", "-rf", "{}", "+"])


def _run(subject: str, container: str, command: list[str]) -> None:
    result = docker.execute(container, command)
    if result.code:
        raise Failure(f"{subject}: {command[0]} failed in {container}: {result.error.strip()}; run up again")
