"""What this machine must have before anything can run: Docker, and a few Debian packages."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import docker
from docker.errors import DockerException

from .errors import Trouble

LOG = Path("/var/log/sertantai-dockerd.log")
START_SECONDS = 60


def say(line: str) -> None:
    """One line of progress for the user."""
    sys.stderr.write(f"{line}\n")


def ensure_docker() -> docker.DockerClient:
    """A client whose daemon answers, installing and starting Docker first where that is ours to do."""
    if (client := _connect()) is None:
        if "DOCKER_HOST" in os.environ:
            raise Trouble(f"Docker at {os.environ['DOCKER_HOST']} does not answer: start it, or unset DOCKER_HOST.")
        if os.geteuid() != 0:
            raise Trouble(
                "Docker does not answer this user: start it (`sudo systemctl start docker`), let the user in "
                "(`sudo usermod -aG docker $USER`, then log in again), or run this as root, which installs it too."
            )
        _install_docker("dockerd")
        client = _connect() or _start()
    _install_docker("docker")
    return client


def ensure_packages(*names: str) -> None:
    """Debian packages, installed where they are missing; Trouble where this is not Debian or the user not root."""
    missing = [name for name in names if failure(["dpkg", "--status", name])]
    wanted = " ".join(missing)
    if missing and (shutil.which("apt-get") is None or os.geteuid() != 0):
        raise Trouble(f"{wanted}: needed here: install it (`sudo apt-get install {wanted}` on Debian), or run as root.")
    if missing:
        say(f"machine: installing {wanted}")
        install = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
        if failure(install) and (words := failure(["apt-get", "update"]) or failure(install)):
            raise Trouble(f"{wanted}: cannot be installed: {words}")


def failure(command: list[str], **environment: str) -> str:
    """What a command that failed said about it; empty when it went well."""
    # Into a file, not a pipe: a service that an installation starts would hold the pipe open for ever.
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", **environment}
        try:
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=quiet, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            output.seek(0)
            lines = [str(error), *output.read().splitlines()]
            telling = [line for line in lines if not line.startswith("I: ")]
            return " ".join([line for line in lines if "No space left on device" in line][-1:] or telling[-4:])
    return ""


def _connect() -> docker.DockerClient | None:
    try:
        client = docker.from_env(max_pool_size=32)
        client.ping()
    except DockerException:
        return None
    return client


def _install_docker(program: str) -> None:
    for package in ("docker.io", "docker-cli"):  # from trixie on the command line is a package of its own
        if shutil.which(program) is None:
            ensure_packages(package)


def _start() -> docker.DockerClient:
    say(f"machine: starting Docker (its log: {LOG}, or systemd's)")
    daemon = None
    if Path("/run/systemd/system").is_dir():
        subprocess.run(["systemctl", "start", "docker"], capture_output=True, check=False)
    elif not _clear_leftovers():
        with LOG.open("ab") as log:
            # Its own session, and none of our descriptors: who reads our output must not wait for the daemon's end.
            daemon = subprocess.Popen(
                ["dockerd"], cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and (daemon is None or daemon.poll() is None):
        if (client := _connect()) is not None:
            return client
        time.sleep(0.2)
    tail = LOG.read_text(errors="replace").splitlines()[-8:] if LOG.exists() else ["see `journalctl --unit docker`"]
    raise Trouble("\n  ".join(["Docker does not come up; the last lines of its log:", *tail]))


def _clear_leftovers() -> bool:
    """Remove what a killed daemon left in a new one's way; true when one is alive after all."""
    # dockerd trusts any live process that has the number in these files, and a socket that nobody serves.
    alive = {}
    for file in ("/var/run/docker.pid", "/var/run/docker/containerd/containerd.pid"):
        program = "containerd" if "containerd" in file else "dockerd"
        try:  # the command line, which a dead process that nobody waited for has no more
            command = Path("/proc", Path(file).read_text().strip(), "cmdline").read_text().split("\0")[0]
        except OSError:
            command = ""
        alive[program] = Path(command).name == program
        if not alive[program]:
            Path(file).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex("/run/containerd/containerd.sock") != 0:
            Path("/run/containerd/containerd.sock").unlink(missing_ok=True)
    return alive["dockerd"]
