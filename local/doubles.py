"""Doubles of the outside world on loopback, kept between runs: an image registry and an ACME server."""

import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from docker.errors import NotFound
from docker.types import Mount

from . import images
from .errors import Trouble
from .images.context import fingerprint
from .machine import alone, ensure_docker, say

LABEL = "sertantai.double"
WAIT_S = 120
ACME_PORTS = ("ACME_PORT", "MANAGEMENT_PORT", "DNS_PORT", "DNS_MANAGEMENT_PORT")


def port(address: str) -> int:
    """Returns the port of an address on this machine, and 0 for any other address."""
    parts = urlsplit(f"//{address.rpartition('//')[2]}")
    return parts.port or 0 if parts.hostname in ("localhost", "127.0.0.1") else 0


def registry(server: str, username: str, password: str) -> None:
    """Starts an image registry at `server`, such as localhost:5000, with one login. Its images are on a volume."""
    login = {"REGISTRY_USERNAME": username, "REGISTRY_PASSWORD": password, "PORT": str(port(server))}
    name = _ensure("registry", [port(server)], login, Mount("/var/lib/registry", f"sertantai-registry-{port(server)}"))
    _wait_for(name, f"http://{server}/v2/", auth=(username, password))


def acme(directory_url: str, challenge_port: int, folder: Path, validity_s: int = 86400) -> bool:
    """Starts Pebble at `directory_url` and on the next three ports.

    Pebble resolves every name to this machine, and validates it on `challenge_port`. Two files are written to `folder`:
    ca.pem verifies Pebble's own certificate, and roots.pem the certificates that Pebble issues. Returns True if Pebble
    has started again: then it has a new root and no accounts.
    """
    server, authority = folder.absolute() / "server.pem", folder / "ca.pem"
    if not (server.exists() and authority.exists()):
        import trustme  # imported here: it takes a tenth of a second and is needed once

        folder.mkdir(parents=True, exist_ok=True)
        ca = trustme.CA(organization_name="sertantai local stack")
        server.touch(mode=0o600)
        ca.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(server)
        ca.cert_pem.write_to_path(authority)
    ports = {name: port(directory_url) + offset for offset, name in enumerate(ACME_PORTS)}
    numbers = {**ports, "CHALLENGE_PORT": challenge_port, "VALIDITY_S": validity_s}
    environment = {name: str(number) for name, number in numbers.items()}
    environment["CERTIFICATE_OF"] = str(server.stat().st_mtime_ns)
    # This mount fails if the file is missing. Docker's short form (`-v`) would create a folder with that name.
    own = Mount("/run/server.pem", str(server), type="bind", read_only=True)
    name = _ensure("acme", [*ports.values()], environment, own)
    trust = ssl.create_default_context(cafile=authority)
    root = _wait_for(name, f"https://127.0.0.1:{ports['MANAGEMENT_PORT']}/roots/0", verify=trust)
    with (folder / "roots.pem").open("a+") as roots:
        roots.seek(0)
        if is_new := root not in roots.read():
            roots.write(root)  # appended: certificates of older roots may still be served
    return is_new


def purge(*ports: int) -> None:
    """Removes the doubles at these ports, or all doubles, with their data."""
    client = ensure_docker()
    containers: list[Any] = client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
    for thing in [*containers, *client.volumes.list(filters={"name": "sertantai-registry-"})]:
        if not ports or thing.name.endswith(tuple(f"-{port}" for port in ports)):
            with suppress(NotFound):  # another process removes it too
                thing.remove(force=True)


def _ensure(kind: str, ports: list[int], environment: dict[str, str], mount: Mount) -> str:
    """Starts a container on the host's network, unless it already runs with these settings. Returns its name."""
    client, image, name = ensure_docker(), images.local(kind), f"sertantai-{kind}-{ports[0]}"
    wanted = fingerprint(str(client.images.get(image).id), repr((environment, mount)))
    with alone("doubles"):
        with suppress(NotFound):
            container = client.containers.get(name)
            if (container.labels.get(LABEL), container.status) == (wanted, "running"):
                return name
            container.remove(force=True)
        for number in ports:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", number)) == 0:
                    raise Trouble(f"{name}: port {number} is taken; stop the other program: `ss -ltnp` shows it")
        options: dict[str, Any] = {"name": name, "labels": {LABEL: wanted}, "environment": environment}
        options |= {"mounts": [mount], "network_mode": "host", "restart_policy": {"Name": "unless-stopped"}}
        client.containers.run(image, detach=True, **options)
    say(f"doubles: {name} started")
    return name


def _wait_for(name: str, url: str, auth: tuple[str, str] | None = None, verify: ssl.SSLContext | bool = False) -> str:
    """Waits at most about two minutes for a double's answer, and returns it."""
    end = time.monotonic() + WAIT_S
    with httpx.Client(auth=auth, verify=verify, timeout=30) as client:
        while True:
            try:
                return client.get(url).raise_for_status().text
            except httpx.HTTPError as error:
                is_refused = isinstance(error, httpx.HTTPStatusError) and error.response.is_client_error
                if is_refused or time.monotonic() >= end:
                    raise Trouble(f"{name}: does not answer: {error}; see `docker logs {name}`") from None
            time.sleep(0.2)
