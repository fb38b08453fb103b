"""Real pgBackRest keeps backups in each kind of repository, with the files that the platform writes."""

import pytest

from settings import BACKUP_ROLE
from tests.doubles.repositories.sftp import key_pair
from tests.throwaway.box import Boxes, Said, docker
from tests.waiting import eventually

from .files import files
from .platform import Repository

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("backups")]
BINARIES = "/usr/lib/postgresql/17/bin"
DATA = "/var/lib/postgresql/data"
# In the image's own PostgreSQL, with the role of backups as its superuser.
SERVE = f"""
set -e
mkdir -p {DATA} /run/postgresql && chown postgres {DATA} /run/postgresql
su postgres -c '{BINARIES}/initdb -D {DATA} -U {BACKUP_ROLE} >/dev/null'
exec su postgres -c "{BINARIES}/postgres -D {DATA} -c archive_mode=on -c listen_addresses= \
  -c archive_command='pgbackrest --stanza=main archive-push %p'"
"""


def write(container: str, repository: Repository, **secrets: str) -> None:
    """Writes the files of /etc/pgbackrest as the platform does."""
    for name, text in files(repository, postgres="/run/postgresql", secrets=secrets).items():
        script = f"mkdir -p /etc/pgbackrest; cd /etc/pgbackrest; cat > {name}; chown postgres {name}; chmod 600 {name}"
        assert docker("exec", "-i", container, "bash", "-c", script, stdin=text).ok


def call(container: str, *words: str) -> Said:
    own = ["exec", "-u", "postgres", "-e", "PGHOST=/run/postgresql", container, "pgbackrest", "--stanza=main"]
    return docker(*own, "--log-level-console=warn", *words)


def test_pgbackrest_archives_backs_up_and_restores(boxes: Boxes, repository: Repository) -> None:
    container = boxes.start("postgres", SERVE, options=["--init", "--network", "bridge"])
    write(container, repository)
    eventually(lambda: docker("exec", container, "pg_isready", "-q", "-h", "/run/postgresql").ok)
    for words in (["stanza-create"], ["check"], ["backup", "--type=full"]):
        done = call(container, *words)
        assert done.ok, done.error + done.out
    assert docker("exec", "-u", "postgres", container, "mkdir", "-m", "700", "/tmp/restored").ok
    done = call(container, "restore", "--pg1-path=/tmp/restored")
    assert done.ok, done.error + done.out
    same = docker("exec", container, "cmp", f"{DATA}/PG_VERSION", "/tmp/restored/PG_VERSION")
    assert same.ok, same.error


def test_a_wrong_key_is_refused(boxes: Boxes, repository: Repository) -> None:
    container = boxes.start("client", "sleep infinity", options=["--network", "bridge"])
    write(container, repository)
    assert call(container, "repo-ls").ok
    write(container, repository, backup_sftp_key=key_pair()[0], backup_s3_secret="another")
    refused = call(container, "repo-ls")
    assert not refused.ok
    assert "authentication" in refused.out.lower() + refused.error.lower() or "403" in refused.out + refused.error


def test_a_changed_key_is_the_only_one_that_is_accepted(boxes: Boxes, repository: Repository) -> None:
    container = boxes.start("client", "sleep infinity", options=["--network", "bridge"])
    write(container, repository)
    repository.change_key()
    assert not call(container, "repo-ls").ok
    write(container, repository)
    assert call(container, "repo-ls").ok
