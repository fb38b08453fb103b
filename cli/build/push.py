"""`push`: sends built images to their registry. The login is checked first, before anything is built."""

from collections.abc import Iterator, Sequence
from typing import Any

from settings import is_on_this_machine

from ..engine.engine import console
from ..engine.hints import flag
from ..refused import Refused
from ..registry import registry_login, tokens
from ..registry.registry_http import Credentials
from ..stack.images import BUILT
from .build import LATEST, Source

FLAGS = {"app": "--backend", "frontend": "--frontend"}


def check_logins(stack: str, sources: Sequence[Source]) -> dict[str, Credentials]:
    """Returns the login to each registry, if it may push all of these images. Raises `Refused`."""
    logins: dict[str, Credentials] = {}
    for server in dict.fromkeys(source.server for source in sources):
        login = _login(stack, server, sources)
        if login is None:
            raise Refused(f"{server}: nobody is logged in on this machine: run `{tokens.LOGINS['push']}{flag(stack)}`")
        names = [source.repository for source in sources if source.server == server]
        token = tokens.check(stack, server, login, "push", list(dict.fromkeys(names)))
        for note in tokens.notes(token, "push"):
            if note.startswith("warning"):
                console.print(f"{server}: {note}", soft_wrap=True, markup=False)
        logins[server] = login
    return logins


def refuse_missing(stack: str, sources: Sequence[Source]) -> None:
    """Raises `Refused` if an image has not been built here."""
    from docker.errors import ImageNotFound

    client = _docker()
    for source in sources:
        try:
            client.images.get(source.reference)
        except ImageNotFound:
            raise Refused(
                f"{source.service}/{source.part}: {source.reference} is not on this machine: "
                f"run `./sertantai build {source.service} {FLAGS[source.part]}{flag(stack)}`, or push with --build"
            ) from None


def push(source: Source, login: Credentials) -> str:
    """Pushes one image, and returns its digest. Raises `Refused`."""
    title = f"{source.service}/{source.part}"
    try:
        digest = _push(source.repository, source.tag, login, title)
        if source.moves_latest:
            _docker().images.get(source.reference).tag(source.repository, LATEST)
            _push(source.repository, LATEST, login, title)
            console.print(f"{title}: the tag {LATEST} is this image now", soft_wrap=True, markup=False)
    except KeyboardInterrupt:
        raise Refused(f"{title}: interrupted: {source.reference} is not pushed; the same command continues") from None
    return digest


def _push(repository: str, tag: str, login: Credentials, title: str) -> str:
    from rich.text import Text

    auth = {"username": login.username, "password": login.password}
    digest = ""
    with console.status(f"{title}: pushing {repository}:{tag}") as status:
        for event in _docker().api.push(repository, tag, stream=True, decode=True, auth_config=auth):
            if error := event.get("error"):
                raise Refused(f"{title}: {repository}:{tag} could not be pushed: {error}")
            status.update(Text(f"{title}: {_progress(event)}"))
            digest = event.get("aux", {}).get("Digest", digest)
    return digest


def next_command(stack: str, declared: Sequence[str], sources: Sequence[Source]) -> Iterator[str]:
    """Returns the commands that release what was pushed, one for each tag. `declared` are the service's parts."""
    for tag in dict.fromkeys(source.tag for source in sources):
        parts = [source.part for source in sources if source.tag == tag]
        flags = [] if set(parts) >= set(declared) & set(BUILT) else [FLAGS[part] for part in parts]
        yield " ".join(["./sertantai", "deploy", sources[0].service, *flags, "--tag", tag]) + flag(stack)


def _login(stack: str, server: str, sources: Sequence[Source]) -> Credentials | None:
    """Returns Docker's login. The double on this machine has one login for all, which the stack file names."""
    if not is_on_this_machine(server):
        return registry_login.of_docker(server)
    names = (source.reference for source in sources if source.server == server)
    return registry_login.for_image(stack, next(names))


def _docker() -> Any:
    import docker
    from docker.errors import DockerException

    try:
        return docker.from_env()
    except DockerException as error:
        raise Refused(f"docker: does not answer: {error}: start Docker, or check DOCKER_HOST") from None


def _progress(event: dict[str, Any]) -> str:
    return " ".join(filter(None, (event.get("id"), event.get("status"), event.get("progress"))))
