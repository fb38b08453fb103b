"""An empty cluster beside backups of a lost one, with real pgBackRest."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from host import lost_data, recover_seed, recovery
from render import pgbackrest
from settings import Backup
from tests.throwaway.box import Boxes, Said, docker
from tests.throwaway.calling import call

pytestmark = pytest.mark.docker
SFTP = {
    "kind": "sftp",
    "host": "127.0.0.1",
    "port": 1,
    "user": "u",
    "path": "/backup",
    "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA",
}
SECRETS = {"backup_passphrase": "p", "password": "p", "backup_sftp_key": "k", "backup_second_sftp_key": "k"}
CLUSTER = """set -e
bin=/usr/lib/postgresql/17/bin
data=/var/lib/postgresql/data
mkdir -p $data && chown -R postgres $data /var/lib/pgbackrest
as() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
as $bin/initdb -D $data -N -U postgres > /dev/null
as $bin/pg_ctl -D $data -w -l /tmp/log start -o "-k /tmp -c listen_addresses= -c archive_mode=on -c fsync=off \
  -c archive_command='pgbackrest --stanza=main archive-push %p'" > /dev/null
for word in stanza-create 'backup --type=full'; do
  as pgbackrest --stanza=main --pg1-socket-path=/tmp --pg1-user=postgres --log-level-console=error $word
done
as $bin/pg_ctl -D $data -m fast stop > /dev/null
"""


@dataclass
class Server:
    """The volumes of a server."""

    boxes: Boxes
    made: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.made = [f"{self.boxes.stack}-{part}" for part in ("data", "config", "state", "repository")]
        self.data, self.config, self.state, self.repository = self.made

    def declare(self, **repositories: dict[str, object]) -> None:
        backup = Backup.model_validate(repositories)
        files = pgbackrest.files(backup, stack="t", postgres="127.0.0.1", secrets=SECRETS, bundles={})
        inputs = {"image": self.boxes.image, "files": files, "fingerprint": "mark"}
        words = {"state": self.state, "repository": self.repository, "program": "abc"}
        said = call("backup-config", self.config, inputs=inputs, **words)
        assert said.ok, said.out

    def back_up(self) -> None:
        mounts = [f"-v={self.config}:/etc/pgbackrest:ro", f"-v={self.repository}:/var/lib/pgbackrest"]
        said = docker("run", "--rm", "--init", "--network", "none", *mounts, self.boxes.image, "bash", "-c", CLUSTER)
        assert said.ok, said.out + said.error

    def seed(self, *repositories: str) -> Said:
        inputs = {"image": self.boxes.image, "repositories": repositories or ["repository"], "fingerprint": "mark"}
        words = {"config": self.config, "network": "none", "repository": self.repository}
        return call("backup-seed", self.data, inputs=inputs, **words)

    def fill(self) -> None:
        write = ["sh", "-c", "mkdir /data/global && echo 17 > /data/global/pg_control && chmod 700 /data"]
        assert docker("run", "--rm", f"-v={self.data}:/data", self.boxes.image, *write).ok


@pytest.fixture
def server(boxes: Boxes) -> Iterator[Server]:
    server = Server(boxes)
    yield server
    docker("volume", "rm", "-f", *server.made)


def test_a_new_server_beside_an_empty_repository_starts(server: Server) -> None:
    server.declare(repository={"kind": "local"})
    said = server.seed()
    assert (said.code, said.out) == (0, "")


def test_a_new_server_beside_the_backups_of_a_lost_one_is_refused(server: Server) -> None:
    server.declare(repository={"kind": "local"})
    server.back_up()
    said = server.seed()
    assert not said.ok
    assert said.out.startswith("backup/repository: holds the backups of this platform (last: 20")
    assert said.out.strip().endswith("run `./sertantai recover --lost`, or choose another path")
    server.fill()
    assert server.seed().ok, "with its data it is not a new server"


def test_a_half_recovered_cluster_never_starts(server: Server) -> None:
    server.fill()
    begun = recovery.Names.of_config(server.config).begun
    begun.write_text(server.data)
    try:
        said = server.seed()
    finally:
        shutil.rmtree(begun.parent)
    assert not said.ok
    assert "is unfinished: run `./sertantai recover --lost` again" in said.out


def test_what_was_found_on_an_empty_server_is_forgotten_once_it_has_data(server: Server) -> None:
    file = lost_data._file(server.config)
    file.write_text("{}")
    server.fill()
    assert server.seed().ok
    assert not file.exists()


def test_a_repository_that_cannot_be_read_is_refused_with_the_reason(server: Server) -> None:
    server.declare(repository=SFTP)
    said = server.seed()
    assert not said.ok
    assert said.out.startswith("backup/repository: cannot be read, and this server has no data")
    assert "127.0.0.1" in said.out
    assert "Traceback" not in said.out
    server.fill()
    assert server.seed().ok, "with data, no repository is asked"


def test_the_second_repository_is_asked_too(server: Server) -> None:
    server.declare(repository={"kind": "local"}, second=SFTP)
    said = server.seed("repository", "second")
    assert said.out.startswith("backup/second: cannot be read")


def test_backups_in_the_second_repository_count_also_if_the_first_does_not_answer(server: Server) -> None:
    server.declare(repository={"kind": "local"})
    server.back_up()
    server.declare(repository=SFTP, second={"kind": "local"})
    move = ["sh", "-c", "mv /r/first /r/second"]
    assert docker("run", "--rm", "--user", "0", f"-v={server.repository}:/r", server.boxes.image, *move).ok
    said = server.seed("repository", "second")
    assert not said.ok
    assert said.out.startswith("backup/second: holds the backups of this platform (last: 20")
    file = lost_data._file(server.config)
    found = json.loads(file.read_text())
    file.unlink()
    assert found.pop("volume") == server.data
    [way] = recover_seed._ways(recovery.Source(**found), None)
    assert way.repository == "second"


def test_a_missing_configuration_is_no_empty_repository(server: Server) -> None:
    said = server.seed()
    assert not said.ok, json.dumps(said.out)
