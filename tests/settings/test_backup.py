"""Backups: where they are kept, their secrets, and what would be lost with the server."""

from typing import Any

import pytest

from settings import parse

from .stack import FULL, REMOVED, SECRETS, SMALL, changed, mistakes, mistakes_of

LOCAL = {"kind": "local"}
SFTP = FULL["backup"]["repository"]
S3 = FULL["backup"]["second"]
KEY = {"backup_sftp_key": "a key"}


def test_one_block_is_enough() -> None:
    assert mistakes({"backup": {"repository": LOCAL}}) == []
    assert mistakes({"backup": {"repository": SFTP}, **KEY}) == []


def test_a_repository_without_a_kind_or_with_an_unknown_one_is_refused() -> None:
    assert mistakes({"backup": {"repository": {}}}) == ["backup/repository: must be chosen: kind is missing"]
    assert mistakes({"backup": {"repository": {"kind": "ftp"}}}) == [
        "backup/repository: kind must be one of 'local', 'sftp', 's3'"
    ]
    assert mistakes({"backup": {}}) == ["backup/repository: is missing"]


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("full", "Sunday 02:15", "must be a time such as Sun 02:15"),
        ("full", "Sun 24:15", "must be a time such as Sun 02:15"),
        ("verify", "4:30", "must be a time of day such as 05:30"),
        ("differential_hours", 0, "must be greater than or equal to 1"),
        ("keep_full", 0, "must be greater than or equal to 1"),
        ("package", "latest", "must be a version such as 2.58.0-1.pgdg12+1"),
        ("package", "2.58 python3", "must be a version such as 2.58.0-1.pgdg12+1"),
        (
            "repository/host_key",
            "AAAAC3NzaC1lZDI1NTE5AAAAIAAA",
            "must be a key's kind and the key: ssh-ed25519 AAAA...",
        ),
        ("repository/path", "backup", "must be an absolute path such as /app/priv/files"),
        ("second/endpoint", "http://fsn1.your-objectstorage.com", "must be an https:// address"),
        ("second/bucket", "Backups", "must be a bucket's name: a-z, 0-9, . and -"),
    ],
)
def test_a_value_that_would_fail_later_is_refused(setting: str, value: Any, words: str) -> None:
    assert mistakes_of(changed(FULL, {f"backup/{setting}": value})) == [f"backup/{setting}: {words}"]


@pytest.mark.parametrize("name", ["backup_sftp_key", "backup_second_s3_key", "backup_second_s3_secret"])
def test_a_missing_secret_of_a_repository_is_named(name: str) -> None:
    setting = "second" if "second" in name else "repository"
    assert mistakes_of(changed(FULL, {name: REMOVED})) == [
        f"backup/{setting}: the config secret {name} is missing; set it with `pulumi config set --secret {name}`"
    ]


def test_a_secret_that_no_repository_has_is_no_known_setting() -> None:
    stack = {"backup": {"repository": LOCAL}, "backup_sftp_key": "x"}
    assert [line for line in mistakes(stack) if line.startswith("backup_sftp_key: is not a known setting")]
    assert mistakes({"backup": {"repository": LOCAL}, "backup_passphrase": "mine"}) == []


def test_the_passphrase_is_a_secret_on_a_real_host() -> None:
    raw = changed(FULL, {"backup_passphrase": "mine"})
    assert mistakes_of(raw) == [
        "backup_passphrase: is a secret in plain text; set it again with `pulumi config set --secret backup_passphrase`"
    ]
    assert mistakes_of(raw, [*SECRETS, "backup_passphrase"]) == []


def test_a_copy_in_the_same_place_is_no_copy() -> None:
    stack = {"backup": {"repository": SFTP, "second": SFTP}, **KEY, "backup_second_sftp_key": "a key"}
    assert mistakes(stack) == ["backup/second: is the same as backup/repository; choose another place"]


def test_the_network_of_backups_is_another_one() -> None:
    assert mistakes({"backup": {"repository": LOCAL, "subnet": "172.30.0.0/16"}}) == [
        "backup/subnet: 172.30.0.0/16 overlaps network/subnet, 172.30.0.0/24; choose another"
    ]


def test_at_hetzner_the_network_of_backups_leaves_dockers_own_range_free() -> None:
    assert mistakes_of(changed(FULL, {"backup/subnet": "172.31.7.0/24"})) == [
        "backup/subnet: 172.31.0.0/16 is for Docker's other networks on the server; choose another"
    ]


def test_the_memory_of_both_backup_containers_counts() -> None:
    at = {"host/server_type": "cx53", "backup/memory_mb": 4096}
    assert mistakes_of(changed(FULL, at)) == []
    [line] = mistakes_of(changed(FULL, {**at, "backup/memory_mb": 12_288}))
    assert line.startswith("host: 32768 MB of memory")


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({}, None),
        ({"backup": {"repository": LOCAL}}, "backup/repository: is on the server itself and lost with it"),
        ({"backup": {"repository": LOCAL, "second": S3}}, None),
        ({"backup": REMOVED, "alerts": REMOVED}, "backup: is missing, so nothing is backed up: declare it"),
    ],
)
def test_what_would_be_lost_with_the_server_is_a_warning(changes: dict[str, Any], warning: str | None) -> None:
    secrets = {} if changes.get("backup", {}) == {} else dict.fromkeys(SECRETS[3:], REMOVED)
    if isinstance(changes.get("backup"), dict) and "second" in changes["backup"]:
        secrets = {"backup_sftp_key": REMOVED}
    stack = changed(FULL, {**changes, **secrets})
    given = parse(stack, SECRETS).warnings()
    assert [line for line in given if line.startswith("backup")] == given
    assert [line.partition(":")[0] for line in given] == ([warning.partition(":")[0]] if warning else [])
    assert not warning or given[0].startswith(warning)


def test_on_the_operators_own_machine_nothing_is_warned() -> None:
    for stack in (SMALL, changed(SMALL, {"backup": {"repository": LOCAL}})):
        assert not [line for line in parse(stack).warnings() if line.startswith("backup")]
