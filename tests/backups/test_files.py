"""The files of volumes in a Storage Box and in a bucket, with the files that the platform writes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from render import pgbackrest, restic
from settings import Backup
from tests.doubles.repositories.sftp import StorageBox
from tests.throwaway.files import Files

from .platform import Repository

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("backups")]
PASSPHRASE = "passphrase-of-these-files"


@pytest.fixture
def files(base_image: str, tmp_path: Path) -> Iterator[Files]:
    files = Files(base_image, tmp_path, network="bridge")
    files.configure()
    files.start()
    files.change("mkdir d; echo hello > one; head -c 3000000 /dev/urandom > d/two; chown -R 1000 d")
    yield files
    files.clear()


def use(files: Files, repository: Repository) -> None:
    """Writes the configuration as the platform does."""
    place: dict[str, Any] = repository.settings()
    secrets = {"backup_passphrase": PASSPHRASE, "password": "unused"}
    bundles: dict[str, str] = {}
    if isinstance(repository, StorageBox):
        secrets["backup_sftp_key"] = repository.key
    else:
        secrets |= {"backup_s3_key": repository.key, "backup_s3_secret": repository.secret}
        bundles = {"repository": repository.authority}
    backup = Backup(repository=place)  # type: ignore[arg-type]
    texts = restic.files(backup, secrets=secrets, bundles=bundles)
    texts |= pgbackrest.files(backup, stack="trial", postgres="10.0.0.1", secrets=secrets, bundles=bundles)
    for file_name, text in texts.items():
        file = files.config / file_name
        file.write_text(text)
        file.chmod(0o600)


def test_files_are_backed_up_tested_and_pruned_there(files: Files, repository: Repository) -> None:
    use(files, repository)
    files.call("files-turn")
    result = files.call("files-verify")
    assert (result["result"], result["files"], result["compared"]) == ("good", 2, 2)
    assert files.problems() == []
    files.change("echo more > three")
    files.call("files-backup")
    assert files.call("files-status")["repositories"]["repository"]["volumes"]["legal-files"]["files"] == 3


def test_no_key_and_no_passphrase_is_in_the_list_of_processes(files: Files, repository: Repository) -> None:
    use(files, repository)
    files.change("head -c 40000000 /dev/urandom > big")
    seen = files.inside(
        "python3 -m host.backup files-turn >/dev/null 2>&1 & turn=$!; seen=; "
        "while kill -0 $turn 2>/dev/null; do "
        "seen+=$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' || true); sleep 0.05; done; "
        'echo "$seen" | tr " " "\\n" | sort -u'
    )
    assert "restic" in seen
    assert files.problems() == []
    secrets = [PASSPHRASE, *([] if isinstance(repository, StorageBox) else [repository.key, repository.secret])]
    assert not [secret for secret in secrets if secret in seen]


def test_a_server_that_is_away_and_one_that_refuses_the_key_are_problems_with_the_setting(
    files: Files, repository: Repository
) -> None:
    use(files, repository)
    files.call("files-turn")
    assert files.problems() == []
    repository.change_key()
    said = files.word("files-backup")
    assert said.code == 1
    assert said.error.startswith("backup/repository: ")
    assert not files.word("health").ok
    repository.stop()
    try:
        assert files.word("files-backup").error.startswith("backup/repository: ")
    finally:
        repository.start()
    use(files, repository)
    files.call("files-backup")
    assert files.problems() == []
