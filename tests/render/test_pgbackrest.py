"""The files of /etc/pgbackrest, read by pgBackRest itself where it decides."""

import configparser
import json
import re
from typing import Any

import pytest

from render import pgbackrest
from settings import Backup
from tests.throwaway.box import Boxes, docker

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nnot a key\n-----END OPENSSH PRIVATE KEY-----"
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA"
LOCAL = {"kind": "local"}
SFTP = {
    "kind": "sftp",
    "host": "u1.your-storagebox.de",
    "port": 23,
    "user": "u1",
    "path": "/home/backup",
    "host_key": HOST_KEY,
}
S3 = {"kind": "s3", "endpoint": "https://fsn1.your-objectstorage.com", "bucket": "backups", "region": "fsn1"}
REFUSED = re.compile(r"ERROR: \[0(?:31|32|37)\]")
"""pgBackRest's errors about options."""
SECRETS = {
    "backup_passphrase": "a=passphrase",
    "password": "roles",
    "backup_sftp_key": KEY,
    "backup_second_sftp_key": f"{KEY} of the second",
    "backup_s3_key": "id\n",
    "backup_s3_secret": "secret",
    "backup_second_s3_key": "other id",
    "backup_second_s3_secret": "other secret",
}


def files(repository: dict[str, Any], bundles: dict[str, str] | None = None, **changes: Any) -> dict[str, str]:
    backup = Backup(repository=repository, **changes)  # type: ignore[arg-type]
    return pgbackrest.files(backup, stack="prod", postgres="172.30.1.3", secrets=SECRETS, bundles=bundles or {})


def options(text: str, section: str = "global") -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return dict(parser[section])


def test_a_local_repository_is_a_folder_and_encrypted() -> None:
    texts = files(LOCAL)
    assert texts.keys() == {"pgbackrest.conf", "pgpass", "settings.json"}
    given = options(texts["pgbackrest.conf"])
    assert (given["repo1-type"], given["repo1-path"]) == ("posix", "/var/lib/pgbackrest/first")
    assert (given["repo1-cipher-type"], given["repo1-cipher-pass"]) == ("aes-256-cbc", "a=passphrase")


def test_the_server_of_a_sftp_repository_is_known_by_its_key_alone() -> None:
    texts = files(SFTP)
    given = options(texts["pgbackrest.conf"])
    assert given["repo1-sftp-host-key-check-type"] == "strict"
    assert given["repo1-sftp-known-host"] == "/etc/pgbackrest/known_hosts"
    assert texts["known_hosts"] == f"[u1.your-storagebox.de]:23 {HOST_KEY}\n"
    assert files({**SFTP, "port": 22})["known_hosts"] == f"u1.your-storagebox.de {HOST_KEY}\n"
    assert texts["sftp_key"] == f"{KEY}\n", "a key without its last newline is refused"


def test_a_bucket_is_named_in_the_path() -> None:
    given = options(files(S3)["pgbackrest.conf"])
    assert given["repo1-s3-uri-style"] == "path"
    assert (given["repo1-s3-endpoint"], given["repo1-storage-port"]) == ("fsn1.your-objectstorage.com", "443")
    assert (given["repo1-s3-key"], given["repo1-s3-key-secret"]) == ("id", "secret"), "without a pasted newline"
    assert "repo1-storage-ca-file" not in given
    own = files({**S3, "endpoint": "https://localhost:9000", "ca_bundle": "ca.pem"}, {"repository": "PEM"})
    assert own["ca.pem"] == "PEM\n"
    given = options(own["pgbackrest.conf"])
    assert (given["repo1-storage-ca-file"], given["repo1-storage-port"]) == ("/etc/pgbackrest/ca.pem", "9000")


def test_the_second_repository_has_its_own_file_so_that_archiving_never_waits_for_it() -> None:
    texts = files(SFTP, second={**SFTP, "host": "u2.your-storagebox.de"})
    first, second = options(texts["pgbackrest.conf"]), options(texts["second.conf"])
    assert not [name for name in first if name.startswith("repo2")]
    assert second["repo1-sftp-host"] == "u2.your-storagebox.de"
    assert second["repo1-sftp-private-key-file"] == "/etc/pgbackrest/second_sftp_key"
    assert "of the second" in texts["second_sftp_key"]
    assert "u2.your-storagebox.de" in texts["second_known_hosts"]
    both = files(LOCAL, second=S3)
    assert options(both["second.conf"])["repo1-s3-key"] == "other id"


def test_two_local_repositories_are_two_folders() -> None:
    texts = files(LOCAL, second=S3)
    assert options(texts["pgbackrest.conf"])["repo1-path"] == pgbackrest.local_folder("repository")
    assert pgbackrest.local_folder("repository") != pgbackrest.local_folder("second")


def test_the_program_reads_its_schedule() -> None:
    given = json.loads(files(LOCAL, second=S3, keep_full=2, verify="03:00")["settings.json"])
    assert given == {
        "stack": "prod",
        "repositories": {"repository": "local", "second": "s3"},
        "full": "Sun 02:15",
        "differential_hours": 6,
        "verify": "03:00",
        "postgres": {"host": "172.30.1.3", "user": "sertantai_backup"},
    }
    assert files(LOCAL)["pgpass"] == "172.30.1.3:5432:*:sertantai_backup:roles\n"


def test_the_settings_of_the_program_contain_no_secret() -> None:
    texts = files(SFTP, second=S3)
    assert not [secret for secret in SECRETS.values() if secret.strip() in texts["settings.json"]]


@pytest.mark.docker
@pytest.mark.parametrize("repository", [LOCAL, SFTP, S3], ids=lambda block: str(block["kind"]))
def test_pgbackrest_accepts_every_option(boxes: Boxes, repository: dict[str, Any]) -> None:
    """It reports an unknown option, an invalid value and a missing one before it connects to anything."""
    box = boxes.start("pgbackrest", "sleep infinity")
    for name, text in files(repository, second={**SFTP, "host": "nowhere.invalid"}).items():
        write = f"mkdir -p /etc/pgbackrest && cat > /etc/pgbackrest/{name}"
        assert docker("exec", "-i", box, "sh", "-c", write, stdin=text).ok
    for name in ("pgbackrest.conf", "second.conf"):
        for command in (["archive-push", "/nothing"], ["check"], ["backup"], ["expire"]):
            words = ["--stanza=main", f"--config=/etc/pgbackrest/{name}", *command]
            said = docker("exec", "--user", "postgres", box, "timeout", "2", "pgbackrest", *words)
            assert "configuration file contains" not in said.out
            assert not REFUSED.search(said.out), said.out
