"""Installs Docker and a few Debian packages on this machine, and starts Docker."""

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
# A killed daemon leaves these files. The next daemon would mistake them for the files of a running daemon.
LEFT_OVER = {
    "dockerd": ["/var/run/docker.pid"],
    "containerd": ["/var/run/docker/containerd/containerd.pid", "/run/containerd/containerd.sock"],
}

progress: list[str] = []
"""The lines that this process has printed. It is empty if everything was in place: whatever is made is announced."""


def say(line: str) -> None:
    """Prints a line of progress."""
    progress.append(line)
    sys.stderr.write(f"{line}\n")


@contextmanager
def alone(task: str) -> Iterator[None]:
    """Allows one process of this user at a time for a task. Others wait."""
    with Path(tempfile.gettempdir(), f"sertantai-{task}-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def connect() -> docker.DockerClient:
    """Returns a client of Docker. Raises `Trouble` if Docker does not answer."""
    try:
        client = docker.from_env(max_pool_size=32)
        client.ping()
    except DockerException:
        raise Trouble(
            "Docker does not answer: start it (`sudo systemctl start docker`), give this user access "
            "(`sudo usermod -aG docker $USER`, then log in again), unset DOCKER_HOST, "
            "or run `make up` as root on Debian, which installs Docker"
        ) from None
    return client


def ensure_docker() -> docker.DockerClient:
    """Returns a client of Docker. If this user is root and DOCKER_HOST is not set, installs and starts Docker first."""
    try:
        return connect()
    except Trouble:
        if "DOCKER_HOST" in os.environ or os.geteuid() != 0:
            raise
    with alone("docker"):
        return _start_docker()


def _start_docker() -> docker.DockerClient:
    with suppress(Trouble):
        return connect()  # another process has started it
    for package in ("docker.io", "docker-cli"):  # since trixie, the client is a separate package
        if not (shutil.which("dockerd") and shutil.which("docker")):
            ensure_packages(package)
    say(f"machine: starting Docker; its log is {LOG}, or `journalctl --unit docker`")
    if Path("/run/systemd/system").is_dir():
        failure(["systemctl", "start", "docker"])
    else:
        _start_dockerd()
    for _ in range(START_SECONDS * 5):
        with suppress(Trouble):
            return connect()
        time.sleep(0.2)
    raise Trouble(f"Docker does not start: see {LOG}, or `journalctl --unit docker`")


def ensure_packages(*names: str) -> None:
    """Installs missing Debian packages. Raises `Trouble` if this is not Debian or the user is not root."""
    with alone("packages"):
        if missing := [name for name in names if failure(["dpkg", "--status", name])]:
            say(f"machine: installing {' '.join(missing)}")
            install = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
            if failure(install) and (error := failure(["apt-get", "update"]) or failure(install)):
                raise Trouble(f"{' '.join(missing)}: could not be installed; fix this first: {error}")


def failure(command: list[str], **environment: str) -> str:
    """Runs a command. Returns the last lines of its output if it failed, otherwise an empty text."""
    # A file, not a pipe: a service that the installation starts would keep the pipe open.
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", **environment}
        try:
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=quiet, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            output.seek(0)
            lines = [str(error), *(line for line in output.read().splitlines() if not line.startswith("I: "))]
            return " ".join([line for line in lines if "No space left on device" in line][-1:] or lines[-4:])
    return ""


def _start_dockerd() -> None:
    for program, files in LEFT_OVER.items():
        for file in files if failure(["pidof", program]) else []:
            Path(file).unlink(missing_ok=True)
    with LOG.open("ab") as log:
        # Its own session, and none of our file descriptors: a reader of our output must not wait for the daemon.
        subprocess.Popen(["dockerd"], cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
