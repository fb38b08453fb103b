"""Docker's command line client: the only way in which the verbs reach containers."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from .failure import Failure

EXEC_TIMEOUT_S = 10
TIMED_OUT = 124
SILENT = "Docker does not answer on the host: is it running (systemctl status docker)? Then run up again"
NOT_ANSWERING = ("Cannot connect to the Docker daemon", "error during connect", "context deadline exceeded")


class NotFound(Failure):
    """There is no such container, image, network or volume."""


class Refused(Failure):
    """Docker answered and said no; the text is Docker's own."""


@dataclass(frozen=True)
class Output:
    """What a command printed, and how it ended."""

    code: int
    out: str
    error: str


def run(
    *words: str, stdin: str = "", timeout_s: float | None = None, environment: Mapping[str, str] | None = None
) -> Output:
    """`docker WORDS`; a `Failure` if Docker itself does not answer. Code 124: it took longer than `timeout_s`."""
    try:
        done = subprocess.run(
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
        raise Failure("the host has no program docker: install Docker, then run up again") from None
    if done.returncode and any(words in done.stderr for words in NOT_ANSWERING):
        raise Failure(SILENT)
    return Output(done.returncode, done.stdout, done.stderr)


def attach(
    *words: str,
    environment: Mapping[str, str] | None = None,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    stdout: IO[bytes] | int = subprocess.DEVNULL,
    stderr: IO[bytes] | int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Begins `docker WORDS` between streams of the caller, for what is too large to be held."""
    return subprocess.Popen(["docker", *words], env=environment, stdin=stdin, stdout=stdout, stderr=stderr)


def ask(*words: str) -> str:
    """What `docker WORDS` prints. `NotFound` or `Refused` where it fails."""
    done = run(*words)
    if done.code:
        error = done.error.strip()
        raise NotFound(error) if "No such" in error or "not found" in error else Refused(error)
    return done.out


def begin(*words: str, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """`docker WORDS`, whose output the caller reads while it runs: both streams as one."""
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
    """How a container is."""

    status: str
    restarts: int
    exit_code: int
    out_of_memory: bool

    @property
    def is_running(self) -> bool:
        """Whether it runs now."""
        return self.status == "running"


def inspect(container: str) -> dict[str, Any]:
    """Everything that Docker knows of a container; `NotFound` where there is none."""
    found: dict[str, Any] = json.loads(ask("container", "inspect", container))[0]
    return found


def state(container: str) -> State:
    """How a container is; `NotFound` where there is none."""
    found = inspect(container)
    now = found["State"]
    return State(
        status=now["Status"],
        restarts=found["RestartCount"],
        exit_code=now["ExitCode"],
        out_of_memory=now["OOMKilled"],
    )


def is_there(container: str) -> bool:
    """Whether there is such a container, running or not."""
    try:
        inspect(container)
    except NotFound:
        return False
    return True


def is_running(container: str) -> bool:
    """Whether there is such a container, and it runs."""
    try:
        return state(container).is_running
    except NotFound:
        return False


def addresses(container: str) -> list[str]:
    """The IPv4 addresses of a container that runs, one for each of its networks."""
    return _addresses(inspect(container))


def names(labels: Mapping[str, str], *, running: bool = False) -> list[str]:
    """The names of all containers with these labels, stopped ones included unless `running`."""
    words = [word for name, value in labels.items() for word in ("--filter", f"label={name}={value}")]
    return ask("ps", *([] if running else ["-a"]), "--format", "{{.Names}}", *words).split()


def by_address() -> dict[str, str]:
    """The names of all running containers, by each address that they have."""
    ids = ask("ps", "-q").split()
    # One that has ended since is not in it.
    found = json.loads(run("container", "inspect", *ids).out or "[]") if ids else []
    return {address: container["Name"].removeprefix("/") for container in found for address in _addresses(container)}


def _addresses(container: Mapping[str, Any]) -> list[str]:
    networks = container["NetworkSettings"]["Networks"].values()
    return [network["IPAddress"] for network in networks if network["IPAddress"]]


def execute(
    container: str, command: Sequence[str], *, stdin: str | None = None, timeout_s: float | None = None
) -> Output:
    """Runs a command in a container."""
    return run("exec", *([] if stdin is None else ["-i"]), container, *command, stdin=stdin or "", timeout_s=timeout_s)


def answers(container: str, check: Sequence[str]) -> bool:
    """Whether the health check of a container succeeds now."""
    return execute(container, check, timeout_s=EXEC_TIMEOUT_S).code == 0


def logs(container: str, lines: int) -> list[str]:
    """The last lines of a container's log, both streams."""
    done = run("logs", "--tail", str(lines), container)
    return (done.out + done.error).splitlines()


def start(container: str) -> bool:
    """Starts a container; whether that went well. One that runs already stays as it is."""
    return run("start", container).code == 0


def stop(containers: Sequence[str], grace_s: int) -> None:
    """Stops containers, all at once. One that is gone or has stopped already is fine."""
    for client in [attach("stop", "-t", str(grace_s), container) for container in containers]:
        client.wait()


def kill(containers: Sequence[str]) -> None:
    """Ends containers at once, also one that Docker would start again. One that is gone or has ended is fine."""
    for container in containers:
        done = run("kill", container)
        if done.code and is_running(container):
            raise Refused(f"container {container} cannot be stopped: {done.error.strip()}; run up again")


def remove(container: str) -> bool:
    """Removes a container and its anonymous volumes; whether it is gone afterwards."""
    return run("rm", "-f", "-v", container).code == 0 or not is_there(container)
