"""What this machine must have before anything can run: Docker, and a few Debian packages."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import docker
from docker.errors import DockerException

from .errors import Trouble

LOG = Path("/var/log/sertantai-dockerd.log")
START_SECONDS = 60
LEFT_OVER = {  # by the daemon that, killed, left it: a new one would trust it
    "dockerd": ["/var/run/docker.pid"],
    "containerd": ["/var/run/docker/containerd/containerd.pid", "/run/containerd/containerd.sock"],
}


def say(line: str) -> None:
    """One line of progress for the user."""
    sys.stderr.write(f"{line}\n")


@contextmanager
def alone(what: str) -> Iterator[None]:
    """One at a time on this machine: two makers of the same thing would only be in each other's way."""
    with Path(tempfile.gettempdir(), f"sertantai-{what}-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def connect() -> docker.DockerClient:
    """A client whose daemon answers."""
    try:
        client = docker.from_env(max_pool_size=32)
        client.ping()
    except DockerException:
        raise Trouble(
            "Docker does not answer: start it (`sudo systemctl start docker`), let this user in (`sudo usermod -aG "
            "docker $USER`, then log in again), unset DOCKER_HOST, or run `make up` as root on Debian: it installs it."
        ) from None
    return client


def ensure_docker() -> docker.DockerClient:
    """The same, installing and starting Docker first where that is ours to do."""
    try:
        return connect()
    except Trouble:
        if "DOCKER_HOST" in os.environ or os.geteuid() != 0:
            raise
    with alone("docker"):
        return _started()


def _started() -> docker.DockerClient:
    with suppress(Trouble):
        return connect()  # another process has started it
    for package in ("docker.io", "docker-cli"):  # from trixie on the command line is a package of its own
        if not (shutil.which("dockerd") and shutil.which("docker")):
            ensure_packages(package)
    say(f"machine: starting Docker (its log: {LOG}, or systemd's)")
    if Path("/run/systemd/system").is_dir():
        failure(["systemctl", "start", "docker"])
    else:
        _start()
    for _ in range(START_SECONDS * 5):
        with suppress(Trouble):
            return connect()
        time.sleep(0.2)
    raise Trouble(f"Docker does not come up: see {LOG}, or `journalctl --unit docker`.")


def ensure_packages(*names: str) -> None:
    """Debian packages, installed where they are missing; Trouble where this is not Debian or the user not root."""
    with alone("packages"):
        if missing := [name for name in names if failure(["dpkg", "--status", name])]:
            say(f"machine: installing {' '.join(missing)}")
            install = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
            if failure(install) and (words := failure(["apt-get", "update"]) or failure(install)):
                raise Trouble(f"{' '.join(missing)}: needed, and cannot be installed: {words}")


def failure(command: list[str], **environment: str) -> str:
    """What a command that failed said about it; empty when it went well."""
    # Into a file, not a pipe: a service that an installation starts would hold the pipe open for ever.
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", **environment}
        try:
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=quiet, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            output.seek(0)
            lines = [str(error), *(line for line in output.read().splitlines() if not line.startswith("I: "))]
            return " ".join([line for line in lines if "No space left on device" in line][-1:] or lines[-4:])
    return ""


def _start() -> None:
    for program, files in LEFT_OVER.items():
        for file in files if failure(["pidof", program]) else []:
            Path(file).unlink(missing_ok=True)
    none = subprocess.DEVNULL
    with LOG.open("ab") as log:
        # Its own session, and none of our descriptors: who reads our output must not wait for the daemon's end.
        subprocess.Popen(["dockerd"], cwd="/", stdin=none, stdout=log, stderr=log, start_new_session=True)
