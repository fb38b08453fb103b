"""The files of an app's volume are backed up by the platform, and come back on a new server."""

import json

import pytest

from tests.doubles.repositories.sftp import StorageBox
from tests.e2e.foundation import own
from tests.throwaway.box import docker
from tests.waiting import eventually

from .platform import SERVICE, BackedUp

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.faults, pytest.mark.xdist_group("backups")]
PATH = "/data/files"


def in_volume(platform: BackedUp, script: str) -> str:
    [app] = platform.containers(service=SERVICE, part="app")
    said = docker("exec", str(app.name), "sh", "-c", script)
    assert said.ok, said.error
    return said.out


def files(platform: BackedUp, word: str) -> dict[str, object]:
    said = docker("exec", f"sertantai-{platform.stack}-backup-files", "python3", "-m", "host.backup", word)
    assert said.ok, said.error
    values: dict[str, object] = json.loads(said.out)
    return values


def test_files_are_back_on_a_new_server_and_a_new_volume_replaces_one_container(
    platform: BackedUp, box: StorageBox
) -> None:
    platform.protect(box)
    platform.must_go_up()
    before = own(platform, "backup-files").id
    kept = {part: own(platform, part).id for part in ("postgres", "backup", "nginx")}
    platform.services[SERVICE]["app"]["volumes"] = {"files": PATH}
    platform.must_go_up()
    assert own(platform, "backup-files").id != before
    assert {part: own(platform, part).id for part in kept} == kept
    in_volume(platform, f"echo hello > {PATH}/one")
    eventually(lambda: not files(platform, "files-status")["problems"], timeout_s=180)
    files(platform, "files-backup")
    assert files(platform, "files-verify")["result"] == "good"
    platform.await_first_backup()
    platform.archive()
    platform.lose_server()
    assert not platform.up().ok
    recovered = platform.command("recover", "--lost")
    assert recovered.ok, recovered.out + recovered.error
    assert f"{SERVICE}-files: the snapshot of " in " ".join((recovered.out + recovered.error).split())
    platform.must_go_up()
    assert in_volume(platform, f"cat {PATH}/one") == "hello"
    restored = platform.command("backup", "files", SERVICE)
    assert restored.ok, restored.out + restored.error
