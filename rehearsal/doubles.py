"""The outside world on loopback: an image registry with a password and an ACME server, which stay between runs."""

import re
import shutil
import socket
import ssl
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import docker
import httpx
import trustme
from docker.errors import NotFound

from . import images
from .errors import Trouble
from .images.context import alone, fingerprint
from .machine import ensure_docker, failure, say

LABEL = "sertantai.double"
READY_SECONDS = 30
ACME_PORTS = ("ACME_PORT", "MANAGEMENT_PORT", "DNS_PORT", "DNS_MANAGEMENT_PORT")


def registry(server: str, username: str, password: str) -> None:
    """An image registry at `server` (localhost:5000, say) with this one login; its images lie in a volume."""
    port = _port(f"http://{server}")
    login = {"REGISTRY_USERNAME": username, "REGISTRY_PASSWORD": password}
    name = _keep("registry", {"PORT": port}, login, {f"sertantai-registry-{port}": "/var/lib/registry"})
    _answer(name, f"http://127.0.0.1:{port}/v2/", auth=(username, password))


def acme(directory_url: str, challenge_port: int, folder: Path, validity_s: int = 86400) -> bool:
    """Pebble at `directory_url` (and the next three ports): every name is this machine, asked on `challenge_port`.

    In `folder` are then ca.pem, to trust the server itself by, and roots.pem, to trust what it has issued by. True when
    Pebble has started anew: it then has another root, and knows none of the accounts that it had before.
    """
    ports = {name: _port(directory_url) + offset for offset, name in enumerate(ACME_PORTS)}
    server, trust = _certificate(folder)
    environment = {"CHALLENGE_PORT": str(challenge_port), "VALIDITY_S": str(validity_s)}
    environment["CERTIFICATE_OF"] = str(server.stat().st_mtime_ns)
    name = _keep("acme", ports, environment, {str(server): "/run/server.pem"})
    root = _answer(name, f"https://127.0.0.1:{ports['MANAGEMENT_PORT']}/roots/0", verify=trust)
    with (folder / "roots.pem").open("a+") as roots:
        roots.seek(0)
        if is_new := root not in roots.read():
            roots.write(root)  # added, since what was issued under the older ones may still be served
    return is_new


def stop(*ports: int) -> None:
    """Remove the doubles at these ports, or all of them."""
    for container in ensure_docker().containers.list(all=True, filters={"label": LABEL}):
        if not ports or str(container.name).endswith(tuple(f"-{port}" for port in ports)):
            container.remove(force=True)


def purge(*ports: int) -> None:
    """Remove the doubles at these ports, or all of them, with what they have kept."""
    stop(*ports)
    for volume in ensure_docker().volumes.list(filters={"name": "sertantai-registry-"}):
        if not ports or str(volume.name).endswith(tuple(f"-{port}" for port in ports)):
            volume.remove()


def _port(url: str) -> int:
    parts = urlsplit(url)
    if parts.hostname not in ("localhost", "127.0.0.1") or parts.port is None:
        raise Trouble(f"{url}: a local stack has its own: name localhost and a port.")
    return parts.port


def _certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """The ACME server's key with its certificate, and trust in the authority made for it alone."""
    server, authority = folder.absolute() / "server.pem", folder / "ca.pem"
    if not (server.exists() and authority.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        ca = trustme.CA(organization_name="sertantai rehearsal")
        server.touch(mode=0o600)
        ca.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(server)
        ca.cert_pem.write_to_path(authority)
    return server, ssl.create_default_context(cafile=authority)


def _keep(kind: str, ports: dict[str, int], environment: dict[str, str], volumes: dict[str, str]) -> str:
    """A container on the host's own network, made anew where it does not run as described; its name."""
    client, image, name = ensure_docker(), images.local(kind), f"sertantai-{kind}-{next(iter(ports.values()))}"
    environment = environment | {variable: str(port) for variable, port in ports.items()}
    wanted = fingerprint(str(client.images.get(image).id), repr((environment, volumes)))
    with alone("doubles"):
        with suppress(NotFound):
            container = client.containers.get(name)
            if (container.labels.get(LABEL), container.status) == (wanted, "running"):
                return name
            container.remove(force=True)
        for port in ports.values():
            _check_free(client, port, name)
        options = [
            "--detach",
            "--restart=unless-stopped",
            "--network=host",
            f"--name={name}",
            f"--label={LABEL}={wanted}",
        ]
        options += [f"--env={variable}" for variable in environment]  # the values by our own: a command line is public
        options += [f"--volume={source}:{target}" for source, target in volumes.items()]
        if words := failure(["docker", "run", *options, image], **environment):
            raise Trouble(f"{name} cannot be started: {words}")
    say(f"doubles: {name} started")
    return name


def _answer(name: str, url: str, auth: tuple[str, str] | None = None, verify: ssl.SSLContext | bool = False) -> str:
    """What it answers, as soon as it does."""
    deadline, words = time.monotonic() + READY_SECONDS, ""
    with httpx.Client(auth=auth, verify=verify, trust_env=False) as client:
        while time.monotonic() < deadline:
            try:
                return client.get(url).raise_for_status().text
            except httpx.HTTPError as error:
                words = str(error)
                time.sleep(0.1)
    raise Trouble(f"{name} does not answer ({words}): see `docker logs {name}`.")


def _check_free(client: docker.DockerClient, port: int, name: str) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return
    holders = [f"the container {other.name}" for other in client.containers.list() if f"'{port}'" in str(other.ports)]
    if not holders and shutil.which("ss"):
        listing = subprocess.run(["ss", "-Hltnp", f"sport = :{port}"], capture_output=True, text=True, check=False)
        holders = re.findall(r'"([^"]+",pid=\d+)', listing.stdout)
    holder = holders[0].replace('",', " with ") if holders else "another program"
    raise Trouble(f"Port {port}, which {name} is to have, is taken by {holder}: stop that, or choose another port.")
