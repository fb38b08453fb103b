"""Throwaway containers, and rendered texts run as the program runs them."""

import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from render import nginx
from settings import Nginx
from tests.waiting import hear

GATEWAY_MB = 128
SERVE = "trap 'exit 0' TERM; touch /tmp/ok; while :; do sleep 0.05; done"
"""An app that is healthy by `HEALTHY` and stops on SIGTERM."""
HEALTHY = ["test", "-e", "/tmp/ok"]
ECHO = """
import http.server, json
class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def answer(self):
        said = json.dumps({"method": self.command, "url": self.path, **{k.lower(): v for k, v in self.headers.items()}})
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        print(said, flush=True)
        self.wfile.write(said.encode() if self.command != "HEAD" else b"")
    do_GET = do_HEAD = do_POST = do_DELETE = answer
    def log_message(self, *words): pass
http.server.ThreadingHTTPServer(("", 3000), Echo).serve_forever()
"""
"""A server that answers with the request, and prints it."""


@dataclass(frozen=True)
class Said:
    """The result of a text."""

    code: int
    out: str
    error: str
    took_s: float

    @property
    def ok(self) -> bool:
        return self.code == 0


def on_host(text: str, stdin: str = "", interpreter: Sequence[str] = ("bash", "-c"), timeout_s: int = 600) -> Said:
    """Runs a text on this machine, as a step of the program does."""
    begun = time.monotonic()
    done = subprocess.run([*interpreter, text], input=stdin, capture_output=True, text=True, timeout=timeout_s)
    said = Said(done.returncode, done.stdout, done.stderr, time.monotonic() - begun)
    hear(said)
    return said


def base(drains_s: Sequence[int] = (30,), https_port: int = 443, subnet: str = "128.0.0.0/1") -> str:
    """The gateway's configuration, for a user that the base image has. The subnet has all of Docker's networks here."""
    settings = Nginx(image="nginx", https_port=https_port, memory_mb=GATEWAY_MB)
    return nginx.base(drains_s, settings, subnet).replace("user nginx;", "user www-data;")


def docker(*words: str, stdin: str = "", timeout_s: int = 240) -> Said:
    """Runs `docker WORDS`. The limit is for a Docker that hangs: on a busy machine, a backup may take a minute."""
    begun = time.monotonic()
    for _ in range(3):
        done = subprocess.run(
            ["docker", *words], input=stdin, capture_output=True, text=True, errors="replace", timeout=timeout_s
        )
        # On a busy machine, runc may fail to start a process.
        said_first = (done.stdout + done.stderr).startswith("OCI runtime exec failed")
        if not (done.returncode and (said_first or (words[0] == "start" and "OCI runtime" in done.stderr))):
            break
        time.sleep(0.5)
    said = Said(done.returncode, done.stdout.strip(), done.stderr, time.monotonic() - begun)
    hear(said)
    return said


@dataclass
class Boxes:
    """The containers of one test or module, with their own names and labels; `clear` removes them."""

    image: str
    stack: str = field(default_factory=lambda: f"trial-{uuid.uuid4().hex[:8]}")
    made: list[str] = field(default_factory=list)

    def labels(self, service: str, part: str = "app") -> dict[str, str]:
        return {"sertantai.stack": self.stack, "sertantai.service": service, "sertantai.part": part}

    def start(
        self, name: str, script: str = SERVE, labels: Mapping[str, str] | None = None, options: Sequence[str] = ()
    ) -> str:
        """Starts a container. Returns its name on the host."""
        on_this = f"{self.stack}-{name}"
        self.made.append(on_this)
        marks = [word for key, value in (labels or {}).items() for word in ("--label", f"{key}={value}")]
        needs_network = {"--network", "-p"} & set(options)
        network = [] if needs_network else ["--network", "none"]  # quicker to create and to remove
        begun = docker("run", "-d", "--name", on_this, *network, *marks, *options, self.image, "bash", "-c", script)
        assert begun.ok, begun.error
        return on_this

    def names(self) -> set[str]:
        """Returns the remaining ones, running or not."""
        found = docker("ps", "-a", "--filter", f"name=^{self.stack}-", "--format", "{{.Names}}").out.split()
        return {name.removeprefix(f"{self.stack}-") for name in found}

    def running(self, name: str) -> bool:
        return docker("inspect", "-f", "{{.State.Running}}", name).out == "true"

    def clear(self) -> None:
        if self.made:
            docker("rm", "-f", "-v", *self.made)
        self.made.clear()
