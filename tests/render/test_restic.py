"""Where restic keeps the files of volumes."""

import json
from typing import Any

from render import pgbackrest, restic
from settings import Backup
from tests.render.test_pgbackrest import LOCAL, S3, SECRETS, SFTP


def rendered(repository: dict[str, Any], bundles: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    backup = Backup(repository=repository, **changes)  # type: ignore[arg-type]
    texts = restic.files(backup, secrets=SECRETS, bundles=bundles or {})
    values: dict[str, Any] = json.loads(texts["files.json"])
    return values


def place(repository: dict[str, Any], bundles: dict[str, str] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = rendered(repository, bundles)["repositories"]["repository"]
    return found


def test_a_local_repository_is_a_folder_next_to_pgbackrests() -> None:
    assert place(LOCAL) == {"url": "/var/lib/pgbackrest/files", "environment": {}, "options": []}
    assert pgbackrest.local_folder("repository") != "/var/lib/pgbackrest/files"


def test_the_server_of_a_sftp_repository_is_known_by_its_key_alone() -> None:
    own = place(SFTP)
    assert own["url"] == "sftp://u1@u1.your-storagebox.de:23//home/backup/files"
    [option] = own["options"]
    assert option.startswith("sftp.args=-F none -i /tmp/sftp_key ")
    for words in ("UserKnownHostsFile=/etc/pgbackrest/known_hosts", "StrictHostKeyChecking=yes", "BatchMode=yes"):
        assert f"-o {words}" in option


def test_a_second_sftp_repository_has_its_own_key_and_known_host() -> None:
    [option] = rendered(LOCAL, second=SFTP)["repositories"]["second"]["options"]
    assert "-i /tmp/second_sftp_key " in option
    assert "UserKnownHostsFile=/etc/pgbackrest/second_known_hosts" in option


def test_a_bucket_is_named_in_the_path_and_its_keys_are_in_the_environment_alone() -> None:
    own = place(S3)
    assert own["url"] == "s3:https://fsn1.your-objectstorage.com/backups/sertantai/files"
    assert own["options"] == ["s3.bucket-lookup=path"]
    keys = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "fsn1"}
    assert own["environment"] == keys
    assert place(S3, {"repository": "PEM"})["environment"]["RESTIC_CACERT"] == "/etc/pgbackrest/ca.pem"


def test_no_secret_is_in_an_address_or_an_option() -> None:
    for repository in (LOCAL, SFTP, S3):
        own = place(repository)
        assert not [value for value in SECRETS.values() if value.strip() in str((own["url"], own["options"]))], own


def test_snapshots_are_kept_for_two_weeks_and_as_many_weeks_as_full_backups() -> None:
    values = rendered(LOCAL, keep_full=7)
    assert (values["keep_daily"], values["keep_weekly"]) == (14, 7)
