"""Docker's command line client. The verbs reach containers by it alone."""

import json
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from .failure import Failure

EXEC_TIMEOUT_S, STOP_S = 10, 60
"""`STOP_S` is how long a stop may take beyond the container's grace."""
TIMED_OUT = 124
NO_ANSWER = "Docker does not answer on the host: is it running (systemctl status docker)? Then run up again"
NO_PROGRAM = "the host has no program docker: install Docker, then run up again"
NO_ANSWER_ERROR = re.compile(
    r"(?m)^(docker: |ERROR: )?(Cannot connect to the Docker daemon|failed to connect to the docker API"
    r"|error during connect|Error response from daemon: .*context deadline exceeded)"
)
NOT_STARTED = "OCI runtime exec failed: "
NO_COMMAND = re.compile('exec: "[^"]*": .*(executable file not found|no such file or directory|permission denied)')
TRIES, REMOVE_TRIES, PAUSE_S = 3, 20, 0.5
"""On a busy server Docker refuses a command for a moment. Another process may still be removing the container."""


class NotFound(Failure):
    """There is no such container, image, network or volume."""


class TooSlow(Failure):
    """Docker, or what runs in a container, has not answered within the time that was given."""


class NoAnswer(Failure):
    """Docker does not answer."""


class Refused(Failure):
    """Docker refused the command; the text is Docker's own."""


@dataclass(frozen=True)
class Output:
    """The exit code and the output of a command."""

    code: int
    out: str
    error: str

    @property
    def was_not_started(self) -> bool:
        """Whether Docker could not start a command, though the container has it."""
        return self.code != 0 and self.error.startswith(NOT_STARTED) and not NO_COMMAND.search(self.error)


def run(
    *words: str, stdin: str = "", timeout_s: float | None = None, environment: Mapping[str, str] | None = None
) -> Output:
    """Runs `docker WORDS`. Code 124: it took longer than `timeout_s`. Raises `NoAnswer`.

    If Docker cannot start a command in a container, as on a busy server, it is tried again, each time with `timeout_s`.
    """
    for _ in range(TRIES - 1):
        output = _run_once(words, stdin, timeout_s, environment)
        if not output.was_not_started:
            return output
        time.sleep(PAUSE_S)
    return _run_once(words, stdin, timeout_s, environment)


def _run_once(
    words: Sequence[str], stdin: str, timeout_s: float | None, environment: Mapping[str, str] | None
) -> Output:
    try:
        result = subprocess.run(
            ["docker", *words],
            input=stdin,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Output(TIMED_OUT, "", f"no answer within {timeout_s} s")
    except FileNotFoundError:
        raise Failure(NO_PROGRAM) from None
    if result.returncode and NO_ANSWER_ERROR.search(result.stderr):
        raise NoAnswer(NO_ANSWER)
    # Docker says on stdout that a command did not start.
    if result.returncode and result.stdout.startswith(NOT_STARTED):
        return Output(result.returncode, "", result.stdout)
    return Output(result.returncode, result.stdout, result.stderr)


def pipe(
    *words: str,
    environment: Mapping[str, str] | None = None,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    stdout: IO[bytes] | int = subprocess.DEVNULL,
    stderr: IO[bytes] | int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Starts `docker WORDS` with the caller's streams, for data that is too large for memory."""
    return subprocess.Popen(["docker", *words], env=environment, stdin=stdin, stdout=stdout, stderr=stderr)


def check_output(*words: str) -> str:
    """Runs `docker WORDS` and returns its output. Raises `NotFound` or `Refused`."""
    result = run(*words)
    if result.code:
        error = result.error.strip()
        raise NotFound(error) if "No such" in error or "not found" in error else Refused(error)
    return result.out


def stream_output(*words: str, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Starts `docker WORDS`. The caller reads its output, both streams as one, while it runs."""
    return subprocess.Popen(
        ["docker", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        text=True,
        errors="replace",
    )


@dataclass(frozen=True)
class State:
    """A container's state."""

    status: str
    restarts: int
    exit_code: int
    out_of_memory: bool

    @property
    def is_running(self) -> bool:
        """Whether it is running now."""
        return self.status == "running"


def inspect(container: str) -> dict[str, Any]:
    """Returns Docker's description of a container. Raises `NotFound`."""
    description: dict[str, Any] = json.loads(check_output("container", "inspect", container))[0]
    return description


def inspect_existing(containers: Sequence[str]) -> list[dict[str, Any]]:
    """Returns Docker's descriptions of containers that were listed, without those that are gone since.

    Raises `Refused`.
    """
    if not containers:
        return []
    result = run("container", "inspect", *containers)
    refusals = [line for line in result.error.splitlines() if line and "No such container" not in line]
    if result.code and (refusals or not result.out):
        raise Refused("\n".join(refusals))
    descriptions: list[dict[str, Any]] = json.loads(result.out)
    return descriptions


def state(container: str) -> State:
    """Returns a container's state. Raises `NotFound`."""
    description = inspect(container)
    current = description["State"]
    return State(
        status=current["Status"],
        restarts=description["RestartCount"],
        exit_code=current["ExitCode"],
        out_of_memory=current["OOMKilled"],
    )


def exists(container: str) -> bool:
    """Whether the container exists, running or not."""
    try:
        inspect(container)
    except NotFound:
        return False
    return True


def is_running(container: str) -> bool:
    """Whether the container exists and is running."""
    try:
        return state(container).is_running
    except NotFound:
        return False


def addresses(container: str) -> list[str]:
    """Returns the IPv4 addresses of a running container, one for each of its networks."""
    return _addresses(inspect(container))


def list_containers(labels: Mapping[str, str], *, running: bool = False) -> list[str]:
    """Returns the names of all containers with these labels, the newest first; without stopped ones if `running`."""
    words = [word for name, value in labels.items() for word in ("--filter", f"label={name}={value}")]
    names = check_output("ps", "-a", "--format", "{{.Names}}", *words).split()
    if not running:
        return names
    # `docker ps` alone may still list a container that has just stopped.
    return [_name(container) for container in inspect_existing(names) if container["State"]["Running"]]


def names_by_address() -> dict[str, str]:
    """Returns the names of all running containers, by each of their addresses."""
    containers = inspect_existing(check_output("ps", "-q").split())
    return {address: _name(container) for container in containers for address in _addresses(container)}


def _name(container: Mapping[str, Any]) -> str:
    return str(container["Name"]).removeprefix("/")


def _addresses(container: Mapping[str, Any]) -> list[str]:
    networks = container["NetworkSettings"]["Networks"].values()
    return [network["IPAddress"] for network in networks if network["IPAddress"]]


def mount_words(volumes: Mapping[str, str]) -> list[str]:
    """Returns the options of `docker run` that mount volumes, by their paths in the container."""
    return [f"--mount=type=volume,src={volume},dst={path}" for path, volume in volumes.items()]


def execute(
    container: str, command: Sequence[str], *, stdin: str | None = None, timeout_s: float | None = None
) -> Output:
    """Runs a command in a container."""
    return run("exec", *([] if stdin is None else ["-i"]), container, *command, stdin=stdin or "", timeout_s=timeout_s)


def passes_check(container: str, check: Sequence[str]) -> bool:
    """Whether a container passes its health check now. A Docker that does not answer means that it does not."""
    with suppress(NoAnswer):
        return execute(container, check, timeout_s=EXEC_TIMEOUT_S).code == 0
    return False


def logs(container: str, lines: int) -> list[str]:
    """Returns the last lines of a container's log, both streams. A silent Docker is named in its place."""
    try:
        result = run("logs", "--tail", str(lines), container)
    except NoAnswer as silent:
        return [str(silent)]
    return (result.out + result.error).splitlines()


def start(container: str) -> bool:
    """Starts a container, in a few tries, and returns whether that succeeded. A running one is not changed."""
    for _ in range(TRIES):
        with suppress(NoAnswer):
            if run("start", container).code == 0:
                return True
        time.sleep(PAUSE_S)
    return False


def stop(containers: Sequence[str], grace_s: int) -> None:
    """Stops containers, all at once. A missing or stopped one is fine. One may be left if Docker does not answer."""
    end = time.monotonic() + grace_s + STOP_S
    for client in [pipe("stop", "-t", str(grace_s), container) for container in containers]:
        try:
            client.wait(max(0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            client.kill()
            client.wait()


def kill(containers: Sequence[str]) -> None:
    """Kills containers, so that Docker does not restart them. A missing or stopped one is fine."""
    for container in containers:
        result = run("kill", container)
        if result.code and is_running(container):
            raise Refused(f"container {container} cannot be stopped: {result.error.strip()}; run up again")


def remove(container: str) -> bool:
    """Removes a container and its anonymous volumes. Returns whether it is gone, in a few tries."""
    for _ in range(REMOVE_TRIES):
        if run("rm", "-f", "-v", container).code == 0 or not exists(container):
            return True
        time.sleep(PAUSE_S)
    return False


def remove_volume(name: str) -> None:
    """Removes a volume, in a few tries: Docker may still count a removed container. Raises `NotFound` or `Refused`."""
    for _ in range(TRIES - 1):
        with suppress(Refused):
            check_output("volume", "rm", name)
            return
        time.sleep(PAUSE_S)
    check_output("volume", "rm", name)
