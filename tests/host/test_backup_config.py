"""The files of the backup containers, on real volumes."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.machine import host_program
from host import backups
from host import docker as docker_program
from render import verb
from tests.throwaway.box import Boxes, Said, docker, on_host
from tests.throwaway.calling import PROGRAM, fingerprints

pytestmark = pytest.mark.docker
CONF = "[global]\nrepo1-path=/var/lib/pgbackrest/first\nrepo1-cipher-pass=one\n"


@dataclass
class Volumes:
    """The volumes of one test, and the verb that writes them."""

    boxes: Boxes

    def __post_init__(self) -> None:
        self.config, self.state, self.repository = (f"{self.boxes.stack}-{part}" for part in ("c", "s", "r"))

    def write(
        self,
        files: dict[str, str],
        program: str = "abc",
        fingerprint: str = "mark",
        interpreter: list[str] = PROGRAM,
    ) -> Said:
        inputs: dict[str, Any] = {"image": self.boxes.image, "files": files, "fingerprint": fingerprint}
        words = {"state": self.state, "repository": self.repository, "program": program}
        return on_host(verb.line("backup-config", self.config, **words), verb.stdin(inputs), interpreter=interpreter)

    def see(self, script: str, user: str = "postgres") -> str:
        """Runs a script as the backup container does: as the user postgres, without a capability."""
        mounts = [f"-v={self.config}:/etc/pgbackrest", f"-v={self.state}:/var/lib/backup"]
        said = docker(
            *("run", "--rm", "--network", "none", "--user", user, "--cap-drop", "ALL", "--read-only", *mounts),
            *(f"-v={self.repository}:/var/lib/pgbackrest", self.boxes.image, "sh", "-c", script),
        )
        assert said.ok, said.error
        return said.out


@pytest.fixture
def volumes(boxes: Boxes) -> Iterator[Volumes]:
    volumes = Volumes(boxes)
    yield volumes
    docker("volume", "rm", "-f", volumes.config, volumes.state, volumes.repository)


def test_the_files_are_those_of_the_user_postgres_alone(volumes: Volumes) -> None:
    said = volumes.write({"pgbackrest.conf": CONF, "pgpass": "secret"})
    assert (said.code, said.out, said.error) == (0, "", "")
    assert volumes.see("cat /etc/pgbackrest/pgbackrest.conf") == CONF.strip()
    modes = "stat -Lc '%U %a' /etc/pgbackrest /etc/pgbackrest/pgpass /etc/pgbackrest/program/host/files.py"
    assert volumes.see(modes).splitlines() == ["postgres 700", "postgres 600", "postgres 600"]


def test_the_user_postgres_may_write_the_state_and_the_local_repository(volumes: Volumes) -> None:
    assert volumes.write({"pgbackrest.conf": CONF}).ok
    volumes.see("touch /var/lib/backup/status.json && mkdir /var/lib/pgbackrest/first")


def test_a_file_that_is_no_longer_declared_is_removed(volumes: Volumes) -> None:
    assert volumes.write({"pgbackrest.conf": CONF, "second.conf": "[global]\n"}).ok
    assert volumes.write({"pgbackrest.conf": CONF}).ok
    assert volumes.see("ls -A /etc/pgbackrest").split() == ["fingerprint", "pgbackrest.conf", "program", "program-abc"]


def test_the_program_is_there_and_a_running_one_keeps_its_version(volumes: Volumes) -> None:
    run = "PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/etc/pgbackrest/program python3 -m host nothing"
    for program in ("one", "two", "three"):
        assert volumes.write({"pgbackrest.conf": CONF}, program=program).ok
        volumes.see(run)
    assert volumes.see("cd /etc/pgbackrest && ls -d program-* && readlink program").split() == [
        "program-three",
        "program-two",
        "program-three",
    ]


def test_the_packed_program_writes_the_same_as_the_checkout(volumes: Volumes, tmp_path: Path) -> None:
    packed = tmp_path / "host.pyz"
    packed.write_bytes(host_program.pack())
    listing = "cd /etc/pgbackrest && find -L program -type f -exec md5sum {} + | sort -k2"
    assert volumes.write({"pgbackrest.conf": CONF}, program="checkout").ok
    checkout = volumes.see(listing)
    said = volumes.write({"pgbackrest.conf": CONF}, program="packed", interpreter=[sys.executable, str(packed)])
    assert said.ok, said.out
    assert volumes.see(listing) == checkout
    assert "program/host/sql/login.sql" in checkout


def test_no_log_of_docker_gets_the_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that prints a file for the program has no log, not even while it runs."""
    called: list[tuple[str, ...]] = []

    def run(*words: str, **_: object) -> docker_program.Output:
        called.append(words)
        return docker_program.Output(0, "", "")

    monkeypatch.setattr(docker_program, "run", run)
    backups.run_once("image", {}, ["cat", "/etc/pgbackrest/pgbackrest.conf"])
    [words] = called
    assert words[words.index("--log-driver") + 1] == "none"


@pytest.mark.parametrize("line", ["", "repo1-retention-full=2\n"])
def test_a_repository_never_gets_another_passphrase(volumes: Volumes, line: str) -> None:
    assert volumes.write({"pgbackrest.conf": CONF}).ok
    said = volumes.write({"pgbackrest.conf": CONF.replace("pass=one", "pass=two") + line})
    assert not said.ok
    assert said.out.startswith("backup/repository: is encrypted with another passphrase")
    assert "two" not in said.out
    assert "one" not in said.out.replace("the one in", "")
    assert "pass=one" in volumes.see("cat /etc/pgbackrest/pgbackrest.conf")


def test_another_repository_may_have_another_passphrase(volumes: Volumes) -> None:
    assert volumes.write({"pgbackrest.conf": CONF}).ok
    assert volumes.write({"pgbackrest.conf": CONF.replace("first", "other").replace("pass=one", "pass=two")}).ok


def test_the_steps_run_again_once_the_files_are_gone(volumes: Volumes, boxes: Boxes) -> None:
    assert volumes.write({"pgbackrest.conf": CONF}, fingerprint="gone-1").ok
    options = [f"-v={volumes.config}:/etc/pgbackrest:ro"]
    postgres = boxes.start("postgres", options=options)

    def read() -> str:
        return fingerprints(postgres=postgres, backup_network=f"{boxes.stack}-none")["backup"]

    assert [read(), read()] == ["gone-1", "gone-1"]
    docker("rm", "-f", postgres)
    assert len({read(), read(), "gone-1"}) == 3
