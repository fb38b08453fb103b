"""What can be wrong on the server, and on the way to it."""

import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from host.rules import CERTIFICATE_S, CERTIFICATE_SHARE, DISK_SHARE
from render import ssh as openssh
from settings import Settings

from ..engine.engine import ROOT
from ..engine.hints import flag
from ..server import at_host, reach
from ..words import count
from .finding import Case, Finding, hint, ok, problem

FACTS = """date +%s.%N
docker version --format '{{.Server.Version}}' 2>/dev/null || echo
df -Pm "$(docker info --format '{{.DockerRootDir}}' 2>/dev/null || echo /)" | tail -n 1
python3 -c 'import sys; print(".".join(map(str, sys.version_info[:2])))' 2>/dev/null || echo
"""
"""Four lines: the time, Docker's version, the disk with Docker's data, Python's version."""
CLOCK_S, CONNECT_S = 10, 4
OLDEST_PYTHON = (3, 10)


def server(case: Case) -> Sequence[Finding]:
    """Whether it answers, its Docker, disk, Python and clock."""
    command = ["sh", "-s"]
    if not case.file.is_local:
        if not case.ssh_config:
            return [hint("server", "does not exist yet", f"make up STACK={case.stack}")] if case.cli else []
        if not reach.can_connect(case.ssh_config, case.stack):
            remedy = "is it up, and may this address connect (host/ssh_allowed_from, its firewall)?"
            return [problem("server", "does not answer over SSH", remedy)]
        command = ["ssh", "-F", str(case.ssh_config), openssh.alias(case.stack), *command]
    before = time.time()
    result = subprocess.run(command, cwd=ROOT, input=FACTS, capture_output=True, text=True)
    return [ok("server", "answers"), *_facts(result.stdout.splitlines(), before, time.time())]


def _facts(lines: Sequence[str], before: float, after: float) -> Iterator[Finding]:
    """What the lines say. The server has read its clock between the two times of this machine."""
    try:
        clock, docker, disk, python = lines
        ahead, words = float(clock) - min(max(float(clock), before), after), disk.split()
        size, free = int(words[1]), int(words[3])
    except (ValueError, IndexError):
        yield problem("server", at_host.NOISY, at_host.ASK_SHELL)
        return
    if docker:
        yield ok("Docker", docker)
    else:
        yield problem("Docker", "does not answer", "systemctl status docker; is the user in the group docker?")
    full = f"{free:,} of {size:,} MB are free at {words[5]}"
    if free < DISK_SHARE * size:
        yield problem("disk", full, "docs/faults.md, a full disk")
    else:
        yield ok("disk", full)
    if tuple(map(int, python.split("."))) < OLDEST_PYTHON if python else True:
        yield problem("host's Python", python or "there is none", "install python3, 3.10 or newer")
    if abs(ahead) > CLOCK_S:
        text = f"the server is {abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}"
        yield problem("clock", text, "start a time service on both: timedatectl set-ntp true")
    else:
        yield ok("clock", "server and this machine agree")


def dns(case: Case) -> Sequence[Finding]:
    """Whether every name leads to the server."""
    if case.file.is_local or not case.settings or not (address := _address(case)):
        return []
    with ThreadPoolExecutor(16) as pool:
        found = [each for each in pool.map(lambda name: _record(name, address), _hosts(case.settings)) if each]
    return found or [ok("DNS", f"all names lead to {address}")]


def _record(name: str, address: str) -> Finding | None:
    try:
        addresses = {str(entry[4][0]) for entry in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)}
    except socket.gaierror:
        return problem("DNS", f"{name} has no address", f"set its A record to {address}")
    if others := addresses - {address}:
        text = f"{name} leads to {', '.join(sorted(others))}, not to {address} alone"
        return problem("DNS", text, "set its A record to that alone, with no AAAA record and no proxy between")
    return None


def sites(case: Case) -> Sequence[Finding]:
    """The gateway's ports, and the certificate of every name."""
    settings = case.settings
    if not settings or not (address := _address(case)):
        return []
    ports = (settings.nginx.http_port, settings.nginx.https_port)
    closed = [port for port in ports if not _is_open(address, port)]
    if closed:
        remedy = f"make up STACK={case.stack}; do Hetzner's and the server's firewall allow it?"
        return [problem("ports", f"{address}:{port} does not answer", remedy) for port in closed]
    context = ssl.create_default_context()
    if case.file.is_local and settings.acme.ca_bundle:
        # The double of the authority writes its roots next to its own certificate.
        roots = ROOT / Path(settings.acme.ca_bundle).with_name("roots.pem")
        context = ssl.create_default_context(cafile=str(roots) if roots.exists() else None)
    with ThreadPoolExecutor(16) as pool:
        names = _hosts(settings)
        found = [
            each
            for each in pool.map(lambda name: _certificate(case.stack, name, address, ports[1], context), names)
            if each
        ]
    ends = [f"{address}:{port}" for port in ports]
    found = found or [ok("certificates", f"valid, for {count(len(names), 'name')}")]
    return [ok("ports", f"{' and '.join(ends)} answer"), *found]


def _certificate(stack: str, name: str, address: str, port: int, context: ssl.SSLContext) -> Finding | None:
    remedy = f"`./sertantai logs certbot{flag(stack)}` says why it is not renewed; does {name} lead here?"
    try:
        with (
            socket.create_connection((address, port), CONNECT_S) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            described = secure.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return problem("certificates", f"{name}: {error.verify_message}", remedy)
    except OSError as error:
        return problem("certificates", f"{name}: no TLS connection ({error})", f"`./sertantai logs nginx{flag(stack)}`")
    begin, end = (ssl.cert_time_to_seconds(str(described[at])) for at in ("notBefore", "notAfter"))
    left = end - time.time()
    if left >= min(CERTIFICATE_S, CERTIFICATE_SHARE * (end - begin)):
        return None
    return problem("certificates", f"{name}: ends in {left / 3600:.0f} hours", remedy)


def _hosts(settings: Settings) -> list[str]:
    """Returns every name of every site."""
    return [name for site in (*settings.services.values(), *settings.sites.values()) for name in site.hosts]


def _address(case: Case) -> str:
    """Returns the server's IPv4 address, as OpenSSH connects to it. Empty: there is none yet."""
    if case.file.is_local:
        nginx = case.settings.nginx if case.settings else None
        return nginx.address.replace("0.0.0.0", "127.0.0.1") if nginx else ""  # noqa: S104 - replaced by loopback
    if not case.ssh_config:
        return ""
    command = ["ssh", "-G", "-F", str(case.ssh_config), openssh.alias(case.stack)]
    text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    name = next((line.split()[1] for line in text.splitlines() if line.startswith("hostname ")), "")
    try:
        return socket.gethostbyname(name) if name else ""
    except socket.gaierror:
        return ""


def _is_open(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), CONNECT_S):
            return True
    except OSError:
        return False
