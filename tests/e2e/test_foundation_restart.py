"""The daemon restarts, or the whole machine: everything recovers by itself."""

import os
import signal
import subprocess
import time
from pathlib import Path

import docker
import pytest

from local import doubles, machine

from .foundation import all_serve, eventually, replicated
from .platform import ACME, HTTP, Platform

pytestmark = [pytest.mark.one_runner, pytest.mark.disruptive, pytest.mark.e2e, pytest.mark.docker]
PID = Path("/var/run/docker.pid")
SUDO = [] if os.geteuid() == 0 else ["sudo", "-n"]


def daemon() -> int:
    """Returns the pid of the daemon that answers here."""
    return int(subprocess.run([*SUDO, "cat", PID], check=True, capture_output=True).stdout)


def why_not() -> str:
    """Returns why a test may not restart the daemon, or nothing if it may."""
    allowed = "E2E_RESTART_DOCKER=1 lets this test restart it, and with it everything that runs there"
    if "DOCKER_HOST" in os.environ or not PID.exists():
        return f"Docker is not this machine's own, or its process number is not in {PID}"
    if os.environ.get("CI") == "true" or os.environ.get("E2E_RESTART_DOCKER") == "1":
        return ""
    try:
        ours = os.readlink(f"/proc/{daemon()}/fd/1") == str(machine.LOG)
    except (OSError, subprocess.CalledProcessError):
        ours = False
    return "" if ours else f"Docker was not started by this project: {allowed}"


@pytest.fixture
def restartable(platform: Platform) -> Platform:
    if reason := why_not():
        pytest.skip(reason)
    return platform


def kill(number: signal.Signals, *processes: int) -> None:
    subprocess.run([*SUDO, "kill", f"-{number.value}", *map(str, processes)], check=True)


def gone(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def start() -> None:
    """Starts the daemon as the machine does at boot."""
    if Path("/run/systemd/system").is_dir():
        subprocess.run([*SUDO, "systemctl", "reset-failed", "docker"], check=False)
        subprocess.run([*SUDO, "systemctl", "start", "docker"], check=True)
    else:
        machine.ensure_docker()


def comes_back(platform: Platform, before: dict[str, str]) -> None:
    """The same containers run and do their work."""
    begun = time.monotonic()
    eventually(lambda: docker.from_env().ping())
    platform.docker = docker.from_env()
    # The double of the authority has a new root after each start; its clients get it as at set-up.
    doubles.acme(f"https://localhost:{ACME}/dir", HTTP, platform.acme)
    eventually(lambda: all_serve(platform), timeout_s=120)
    assert platform.ids() == before
    assert [each.name for each in platform.containers() if each.status != "running"] == []
    assert replicated(platform)
    again = platform.run("preview")
    assert again.ok, again.error
    assert not again.touched()
    print(f"everything was back after {time.monotonic() - begun:.0f} s")  # noqa: T201


def test_everything_restarts_with_dockers_daemon(restartable: Platform) -> None:
    before, old = restartable.ids(), daemon()
    kill(signal.SIGTERM, old)
    eventually(lambda: gone(old), timeout_s=120)
    start()
    assert daemon() != old
    comes_back(restartable, before)


def test_everything_restarts_after_a_power_cut(restartable: Platform) -> None:
    before, old = restartable.ids(), daemon()
    containers = [each.attrs["State"]["Pid"] for each in restartable.docker.containers.list()]
    # The parent of each keeps its output; the daemon has its own containerd, or the machine's.
    shims = [int(Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[1]) for each in containers]
    assert all("containerd-shim" in Path(f"/proc/{each}/cmdline").read_text() for each in shims)
    children = subprocess.run(["pgrep", "-P", str(old), "containerd"], capture_output=True, text=True).stdout.split()
    kill(signal.SIGKILL, old, *map(int, children), *shims, *containers)
    eventually(lambda: all(gone(each) for each in (old, *containers)))
    start()
    assert daemon() != old
    comes_back(restartable, before)


def test_the_next_up_completes_a_release_that_a_restart_of_docker_interrupted(restartable: Platform) -> None:
    old = daemon()
    restartable.services["auth"]["app"]["env"] = {"START_DELAY_S": "5"}
    restartable.write()
    process = restartable.begin()
    time.sleep(5)
    kill(signal.SIGTERM, old)
    eventually(lambda: gone(old), timeout_s=120)
    start()
    assert not restartable.runner.ended(process).ok
    eventually(lambda: docker.from_env().ping())
    restartable.docker = docker.from_env()
    doubles.acme(f"https://localhost:{ACME}/dir", HTTP, restartable.acme)
    eventually(lambda: all_serve(restartable), timeout_s=120)
    good = restartable.up()
    assert good.ok, good.error
    assert len(restartable.containers(service="auth", part="app")) == 1
    assert all_serve(restartable)
