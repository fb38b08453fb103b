"""The outside world on loopback: an image registry with a password and an ACME server, which stay between runs."""

import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import trustme
from docker.errors import NotFound
from docker.types import Mount

from . import images
from .errors import Trouble
from .images.context import fingerprint
from .machine import alone, ensure_docker, say

LABEL = "sertantai.double"
ACME_PORTS = ("ACME_PORT", "MANAGEMENT_PORT", "DNS_PORT", "DNS_MANAGEMENT_PORT")


def port(address: str) -> int:
    """The port of an address on this machine; 0 of one elsewhere."""
    parts = urlsplit(f"//{address.rpartition('//')[2]}")
    return parts.port or 0 if parts.hostname in ("localhost", "127.0.0.1") else 0


def registry(server: str, username: str, password: str) -> None:
    """An image registry at `server` (localhost:5000, say) with this one login; its images lie in a volume."""
    login = {"REGISTRY_USERNAME": username, "REGISTRY_PASSWORD": password, "PORT": str(port(server))}
    name = _keep("registry", [port(server)], login, Mount("/var/lib/registry", f"sertantai-registry-{port(server)}"))
    _answer(name, f"http://{server}/v2/", auth=(username, password))


def acme(directory_url: str, challenge_port: int, folder: Path, validity_s: int = 86400) -> bool:
    """Pebble at `directory_url` (and the next three ports): every name is this machine, asked on `challenge_port`.

    In `folder` are then ca.pem, to trust the server itself by, and roots.pem, to trust what it has issued by. True
    where it has started anew: it has another root then, and knows none of its accounts any more.
    """
    server, authority = folder.absolute() / "server.pem", folder / "ca.pem"
    if not (server.exists() and authority.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        ca = trustme.CA(organization_name="sertantai rehearsal")
        server.touch(mode=0o600)
        ca.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(server)
        ca.cert_pem.write_to_path(authority)
    ports = {name: port(directory_url) + offset for offset, name in enumerate(ACME_PORTS)}
    numbers = {**ports, "CHALLENGE_PORT": challenge_port, "VALIDITY_S": validity_s}
    environment = {name: str(number) for name, number in numbers.items()}
    environment["CERTIFICATE_OF"] = str(server.stat().st_mtime_ns)
    # Of the kind that fails where the file is gone: the other would put a folder in its place.
    own = Mount("/run/server.pem", str(server), type="bind", read_only=True)
    name = _keep("acme", [*ports.values()], environment, own)
    trust = ssl.create_default_context(cafile=authority)
    root = _answer(name, f"https://127.0.0.1:{ports['MANAGEMENT_PORT']}/roots/0", verify=trust)
    with (folder / "roots.pem").open("a+") as roots:
        roots.seek(0)
        if is_new := root not in roots.read():
            roots.write(root)  # added, since what was issued under the older ones may still be served
    return is_new


def purge(*ports: int) -> None:
    """Removes the doubles at these ports, or all of them, with what they have kept."""
    client = ensure_docker()
    found: list[Any] = client.containers.list(all=True, filters={"label": LABEL})
    for each in [*found, *client.volumes.list(filters={"name": "sertantai-registry-"})]:
        if not ports or each.name.endswith(tuple(f"-{port}" for port in ports)):
            each.remove(force=True)


def _keep(kind: str, ports: list[int], environment: dict[str, str], mount: Mount) -> str:
    """A container on the host's own network, made anew where it does not run as described; its name."""
    client, image, name = ensure_docker(), images.local(kind), f"sertantai-{kind}-{ports[0]}"
    wanted = fingerprint(str(client.images.get(image).id), repr((environment, mount)))
    with alone("doubles"):
        with suppress(NotFound):
            container = client.containers.get(name)
            if (container.labels.get(LABEL), container.status) == (wanted, "running"):
                return name
            container.remove(force=True)
        for each in ports:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", each)) == 0:
                    raise Trouble(f"Port {each}, which {name} is to have, is taken: `ss -ltnp` shows by whom.")
        options: dict[str, Any] = {"name": name, "labels": {LABEL: wanted}, "environment": environment}
        options |= {"mounts": [mount], "network_mode": "host", "restart_policy": {"Name": "unless-stopped"}}
        client.containers.run(image, detach=True, **options)
    say(f"doubles: {name} started")
    return name


def _answer(name: str, url: str, auth: tuple[str, str] | None = None, verify: ssl.SSLContext | bool = False) -> str:
    """What it answers, as soon as it does: about two minutes are given to it."""
    patient = httpx.HTTPTransport(verify=verify, retries=9)
    try:
        with httpx.Client(auth=auth, transport=patient) as client:
            return client.get(url).raise_for_status().text
    except httpx.HTTPError as error:
        raise Trouble(f"{name} does not answer ({error}): see `docker logs {name}`.") from None
