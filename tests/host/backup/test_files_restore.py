"""The files of a volume are restored next to it, or into an empty volume of a new server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from host import lost_data
from tests.throwaway.box import Said, docker
from tests.throwaway.calling import call
from tests.throwaway.files import ROOT, Files

pytestmark = pytest.mark.docker


@pytest.fixture
def files(base_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    """A server without PostgreSQL, whose repository has one snapshot of each volume."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "config").mkdir()
    files = Files(base_image, tmp_path / "config")
    files.configure()
    try:
        files.start()
        files.change("mkdir -p d; echo hello > one; echo two > d/two; chown -R 1000:1001 .; chmod 2770 d; chmod 2755 .")
        files.change("echo cert > cert; chmod 700 .", "letsencrypt")
        files.call("files-turn")
        remember(files)
        yield files
    finally:
        files.clear()


def remember(files: Files) -> None:
    """What the step backup-seed remembers on a server without data, whose configuration is on a volume."""
    config, data = f"{files.name}-backup-config", f"{files.name}-postgres"
    docker("volume", "create", config), docker("volume", "create", data)
    copy = ["run", "--rm", "--network", "none", "-v", f"{config}:/to", "-v", f"{files.config}:/from:ro"]
    program = ["-v", f"{ROOT}/host:/host:ro"]
    script = "cp -r /from/*.json /to/ && mkdir -p /to/program && cp -r /host /to/program/"
    assert docker(*copy, *program, files.image, "sh", "-c", script).ok
    volumes = {"/etc/pgbackrest": config, "/var/lib/pgbackrest": f"{files.name}-repository"}
    lost_data.remember(volume=data, image=files.image, network="none", mounts=volumes)


def stack(files: Files) -> str:
    return files.name.removeprefix("sertantai-")


def recover(files: Files, *volumes: str) -> Said:
    return call("files-recover", stack(files), inputs={"volumes": list(volumes)})


def listed(volume: str, image: str) -> list[str]:
    script = "find /v -printf '%P %u:%g %m\\n' | sort"
    found = docker("run", "--rm", "--network", "none", "-v", f"{volume}:/v:ro", image, "sh", "-c", script)
    return found.out.splitlines()


def new_volume(said: Said) -> str:
    return next(word for word in said.out.splitlines()[0].split() if word.startswith("sertantai-"))


def test_a_restored_volume_is_next_to_the_live_one_with_owners_and_modes(files: Files) -> None:
    files.change("echo changed > one")
    said = call("files-restore", stack(files), "legal-files")
    assert said.ok, said.out
    new = new_volume(said)
    assert listed(new, files.image) == listed(f"{files.name}-legal-files", files.image)
    assert docker("run", "--rm", "--network", "none", "-v", f"{new}:/v", files.image, "cat", "/v/one").out == "hello"
    assert files.change("cat one") == "changed"
    assert docker("volume", "inspect", "-f", '{{index .Labels "sertantai.stack"}}', new).out == stack(files)
    assert f"docker volume rm {new}" in said.out


def test_the_printed_command_copies_the_files_back(files: Files) -> None:
    files.change("rm -r one d")
    said = call("files-restore", stack(files), "legal-files")
    [copy] = [line.partition(": ")[2] for line in said.out.splitlines() if line.startswith("to copy all")]
    assert docker(*copy.partition("   (")[0].split()[1:]).ok
    assert listed(f"{files.name}-legal-files", files.image) == listed(new_volume(said), files.image)


def test_an_earlier_moment_is_restored_and_one_before_the_first_snapshot_is_refused(files: Files) -> None:
    moment = files.call("files-status")["repositories"]["repository"]["volumes"]["legal-files"]["newest"]
    files.inside("sleep 1.1")
    files.change("echo later > one")
    files.call("files-backup")
    said = call("files-restore", stack(files), "legal-files", at=moment)
    text = docker("run", "--rm", "--network", "none", "-v", f"{new_volume(said)}:/v", files.image, "cat", "/v/one").out
    assert text == "hello"
    refused = call("files-restore", stack(files), "legal-files", at="2020-01-01 00:00")
    assert refused.code == 1
    assert f"its first snapshot of legal-files is of {moment}" in refused.out
    assert "tomorrow: is no time" in call("files-restore", stack(files), "legal-files", at="tomorrow").out
    left = docker("volume", "ls", "-q", "--filter", f"name={files.name}-legal-files-").out.split()
    assert left == [new_volume(said)], "a restore that fails leaves no volume"


def test_the_volumes_of_a_new_server_are_created_and_filled_once(files: Files) -> None:
    docker("rm", "-f", files.name)
    before = listed(f"{files.name}-legal-files", files.image)
    docker("volume", "rm", f"{files.name}-legal-files", f"{files.name}-letsencrypt")
    said = recover(files, "legal-files", "letsencrypt", "auth-avatars")
    assert said.ok, said.out
    assert "legal-files: the snapshot of " in said.out
    assert "auth-avatars: has no snapshot, so nothing is restored" in said.out
    assert listed(f"{files.name}-legal-files", files.image) == before
    assert listed(f"{files.name}-letsencrypt", files.image)[0] == "root:root 700"
    again = recover(files, "legal-files")
    assert again.out == "legal-files: has files, so nothing is restored\n"


def test_a_snapshot_of_an_empty_volume_is_not_recovered(files: Files) -> None:
    files.change("rm -rf one d")
    files.call("files-backup")
    docker("rm", "-f", files.name)
    assert "legal-files: the snapshot of " in recover(files, "legal-files").out
    assert files.change("cat one") == "hello"


def test_an_interrupted_recovery_is_completed(files: Files) -> None:
    docker("rm", "-f", files.name)
    files.change("rm -rf d one; echo half > one; touch .sertantai-restore-unfinished")
    assert "legal-files: the snapshot of " in recover(files, "legal-files").out
    assert files.change("cat one; ls -A") == "hello\nd\none"


def test_a_file_of_a_live_volume_is_never_overwritten(files: Files) -> None:
    files.change("rm -rf d; echo mine > one")
    assert recover(files, "legal-files").out == "legal-files: has files, so nothing is restored\n"
    assert files.change("cat one") == "mine"


def test_neither_passphrase_nor_key_is_in_what_docker_shows(files: Files) -> None:
    shown = docker("inspect", files.name).out
    assert json.loads(shown)
    assert "passphrase-of-the-files" not in shown
