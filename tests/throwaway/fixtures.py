"""Throwaway containers: some for each test, one gateway and one PostgreSQL for all."""

import uuid
from collections.abc import Iterator

import pytest

from render import nginx, postgres
from tests.throwaway.box import GATEWAY_MB, Boxes, docker
from tests.throwaway.calling import call
from tests.throwaway.recovering import build_image
from tests.throwaway.sites import SERVE, put_base
from tests.waiting import eventually


@pytest.fixture
def boxes(base_image: str) -> Iterator[Boxes]:
    boxes = Boxes(base_image)
    yield boxes
    boxes.clear()


@pytest.fixture
def name() -> str:
    """A name that no other test has."""
    return f"trial_{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def shared(base_image: str) -> Iterator[Boxes]:
    """Containers for the whole run."""
    boxes = Boxes(base_image)
    network = docker("network", "create", boxes.stack)
    assert network.ok, network.error
    yield boxes
    boxes.clear()
    docker("network", "rm", boxes.stack)


@pytest.fixture(scope="session")
def gateway(shared: Boxes, base_image: str) -> str:
    """A gateway with its own configuration alone."""
    prepared = f"until [ -e {nginx.VOLUME}/nginx.conf ]; do sleep 0.05; done"
    options = ["--network", shared.stack, "-p", "127.0.0.1::443"]
    options += ["--memory", f"{GATEWAY_MB}m", "--memory-swap", f"{GATEWAY_MB}m"]
    options += ["--tmpfs", "/run:size=1m", "--tmpfs", "/tmp:size=16m"]
    options += [word for name, value in nginx.SYSCTLS.items() for word in ("--sysctl", f"{name}={value}")]
    name = shared.start("nginx", f"{prepared}\n{SERVE}", options=options)
    assert docker("exec", name, "mkdir", nginx.VOLUME).ok
    switched = put_base(name, base_image)
    assert switched.ok, switched.out
    eventually(lambda: docker("exec", name, "curl", "-fs", "http://127.0.0.1:8999/").ok)
    return name


@pytest.fixture(scope="session")
def cluster(shared: Boxes) -> str:
    """A PostgreSQL with the platform's settings, which logs as much as possible."""
    binaries = "/usr/lib/postgresql/17/bin"
    arguments = " ".join(postgres.arguments(256, 40, 10))
    own = "-D /data -c listen_addresses='*' -c fsync=off"
    loud = "-c log_statement=all -c log_min_duration_statement=0"
    script = f"""
    mkdir -p /data /var/run/postgresql && chown postgres /data /var/run/postgresql
    su postgres -c '{binaries}/initdb -D /data -N --locale C.UTF-8 >/dev/null'
    exec su postgres -c "{binaries}/{arguments} {own} {loud}"
    """
    options = [
        "-e",
        f"PATH={binaries}:/usr/bin:/bin",
        "-e",
        "PGDATA=/data",
        "--network",
        shared.stack,
        "--network-alias",
        "postgres",
    ]
    name = shared.start("postgres", script, options=[*options, "--shm-size", "256m"])
    eventually(lambda: docker("exec", name, "pg_isready", "-q", "-h", "127.0.0.1", "-U", "postgres").ok)
    access = call("pg-hba", name, inputs={**postgres.rules(), "fingerprint": "mark"})
    assert (access.code, access.out, access.error) == (0, "", "")
    return name


@pytest.fixture(scope="session")
def recovery_image(base_image: str) -> str:
    """The stand-in of PostgreSQL's image, with pgBackRest."""
    return build_image(base_image)
