"""Accidents of the platform that come from outside, and what clients see meanwhile."""

import json
import socket
import ssl
import threading
import time
import uuid
from types import TracebackType
from typing import Any, Self

import httpx
from cryptography import x509
from docker.models.containers import Container

from tests.waiting import eventually as eventually
from tests.waiting import hear

from .platform import HTTPS, REGISTRY, Platform


def own(platform: Platform, part: str) -> Container:
    """A container of the platform itself, in its current state."""
    return platform.docker.containers.get(f"sertantai-{platform.stack}-{part}")


def inside(platform: Platform, part: str, script: str) -> str:
    code, output = own(platform, part).exec_run(["sh", "-c", script])
    text = bytes(output).decode()  # type: ignore[arg-type]
    assert code == 0, text
    return text


def strike(platform: Platform, part: str) -> None:
    """Kills a container's first process as the kernel would: Docker takes its own `kill` for an order to stop."""
    container = own(platform, part)
    pid = container.attrs["State"]["Pid"]
    options: dict[str, Any] = {"entrypoint": "sh", "pid_mode": "host", "remove": True}
    platform.docker.containers.run(container.attrs["Image"], ["-c", f"kill -9 {pid}"], **options)

    def is_known() -> bool:
        container.reload()
        return bool(container.attrs["State"]["Pid"] != pid)

    eventually(is_known)


def registry(platform: Platform) -> Container:
    """The double of the registry, in its current state."""
    return platform.docker.containers.get(f"sertantai-registry-{REGISTRY.partition(':')[2]}")


def start_registry(platform: Platform) -> None:
    """Starts the double of the registry again and waits until it answers, for the next `up`."""
    registry(platform).start()
    eventually(lambda: httpx.get(f"http://{REGISTRY}/v2/").status_code == 401)


def drop_slot(platform: Platform, electric: Container) -> None:
    """Stops legal's Electric and drops its slot: the server may notice a moment later that its client has gone."""
    electric.stop(timeout=1)
    eventually(lambda: not platform.sql("SELECT pg_drop_replication_slot('electric_slot_legal')"))


def certificate(host: str) -> x509.Certificate:
    """Returns the certificate that the gateway shows for `host`, from any issuer."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", HTTPS), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        shown = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
    hear(f"{host} shows {shown.subject.rfc4514_string()} {shown.serial_number}")
    return shown


def kept(platform: Platform, host: str) -> x509.Certificate:
    """The certificate for `host` on the gateway's volume. nginx shows it after its next reload."""
    return x509.load_pem_x509_certificate(
        inside(platform, "nginx", f"cat /srv/nginx/certs/{host}/fullchain.pem").encode()
    )


def renewed(platform: Platform, host: str) -> bool:
    """Whether certbot has renewed everything that was due at its start, and the gateway shows the result."""
    inside(platform, "certbot", "ls /tmp/renewed")
    live = inside(platform, "certbot", f"cat /etc/letsencrypt/live/{host}/cert.pem")
    return certificate(host) == kept(platform, host) == x509.load_pem_x509_certificate(live.encode())


def all_serve(platform: Platform) -> bool:
    """Every site answers from its app, shapes included, and both Electrics have their slots."""
    asked = {
        "legal.localhost": ["/", "/ready", "/api/items", "/api/call/auth", "/electric/laws?offset=-1"],
        "auth.localhost": ["/ready", "/api/items", "/api/redis"],
        "enforcement.localhost": ["/ready", "/api/electric/v1/shape?table=uk_lrt&columns=id,name&offset=-1"],
    }
    for host, paths in asked.items():
        for path in paths:
            answer = platform.get(host, path)
            assert answer.status_code == 200, f"{host}{path}: {answer.status_code} {answer.text[:200]}"
    return platform.sql("SELECT bool_and(active) AND count(*) = 2 FROM pg_replication_slots") == "t"


def replicated(platform: Platform) -> bool:
    """Whether a row written now arrives through legal's Electric, and its slot advances."""
    flushed = "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = 'electric_slot_legal'"
    before, name = platform.sql(flushed), str(uuid.uuid4())
    platform.sql(f"INSERT INTO uk_lrt (name) VALUES ('{name}')", "sertantai_legal_local")
    eventually(lambda: name in shape(platform))
    eventually(lambda: platform.sql(f"SELECT ({flushed}) > '{before}'") == "t")
    return True


def shape(platform: Platform) -> str:
    """Reads the shape laws to its end, as a client of the public site."""
    at: dict[str, Any] = {"offset": "-1"}
    said = ""
    with platform.client("legal.localhost") as client:
        while True:
            answer = client.get("/electric/laws", params=at).raise_for_status()
            said += answer.text
            if any(each.get("headers", {}).get("control") == "up-to-date" for each in json.loads(answer.text)):
                return said
            at = {"offset": answer.headers["electric-offset"], "handle": answer.headers["electric-handle"]}


class Writing:
    """A client that keeps writing rows and records which were acknowledged."""

    def __init__(self, platform: Platform, host: str) -> None:
        self._platform, self._host = platform, host
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.acknowledged: set[str] = set()
        self.refused = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def go_on(self, rows: int) -> None:
        """Waits for this many more acknowledged rows."""
        wanted = len(self.acknowledged) + rows
        eventually(lambda: len(self.acknowledged) >= wanted)

    def _write(self) -> None:
        with self._platform.client(self._host) as client:
            while not self._over.is_set():
                key = str(uuid.uuid4())
                try:
                    client.post("/api/items", json={"key": key}).raise_for_status()
                    self.acknowledged.add(key)
                except httpx.HTTPError:
                    self.refused += 1
                    time.sleep(0.05)
