"""The files of volumes, backed up, tested and restored by real restic."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.throwaway.box import docker
from tests.throwaway.files import SECOND, Files, place
from tests.waiting import eventually

pytestmark = pytest.mark.docker


@pytest.fixture
def files(base_image: str, tmp_path: Path) -> Iterator[Files]:
    files = Files(base_image, tmp_path)
    files.configure()
    files.start()
    files.change(
        "echo hello > one; mkdir d; head -c 3000000 /dev/urandom > d/two; chown -R 1000:1000 d one; chmod 0 d/two"
    )
    files.change("mkdir live; ln -s ../archive/x live/cert; echo cert > cert", "letsencrypt")
    yield files
    files.clear()


def fill(files: Files) -> None:
    files.call("files-turn")
    assert files.problems() == []


def test_the_first_turn_backs_up_each_volume_and_the_next_one_does_nothing(files: Files) -> None:
    assert files.call("files-turn") == {"done": ["repository: legal-files letsencrypt"], "busy": False}
    assert files.call("files-turn") == {"done": [], "busy": False}
    status = files.call("files-status")
    assert status["problems"] == []
    volumes = status["repositories"]["repository"]["volumes"]
    assert {name: (each["snapshots"], each["files"]) for name, each in volumes.items()} == {
        "legal-files": (1, 2),
        "letsencrypt": (1, 1),
    }
    assert files.word("health").ok


def test_the_restore_test_compares_every_file_and_leaves_nothing(files: Files) -> None:
    fill(files)
    result = files.call("files-verify")
    assert (result["result"], result["files"], result["compared"]) == ("good", 3, 3)
    assert files.inside("ls /var/lib/backup | grep -c scratch || true") == "0"
    assert files.call("files-status")["verify"]["result"] == "good"


def test_a_file_that_changes_meanwhile_is_no_problem(files: Files) -> None:
    files.change("for i in $(seq 4000); do echo $i > many-$i; done")
    busy = "while :; do date +%N >> one; rm -f many-$((RANDOM % 4000)); echo $RANDOM > new-$((RANDOM % 50)); done"
    writer = f"{files.name}-writer"
    options = ["-d", "--rm", "--name", writer, "--network", "none", "-w", "/volume", "--cpus", "0.3"]
    assert docker("run", *options, "-v", f"{files.name}-legal-files:/volume", files.image, "bash", "-c", busy).ok
    try:
        fill(files)
        assert files.call("files-verify")["result"] == "good"
    finally:
        docker("rm", "-f", writer)
    assert files.problems() == []


def test_a_file_that_cannot_be_read_is_named(base_image: str, tmp_path: Path) -> None:
    files = Files(base_image, tmp_path, capabilities=("CHOWN", "FOWNER"))
    files.configure()
    files.start()
    try:
        files.change("echo hello > one; echo secret > two; chown 1000 two; chmod 600 two")
        files.repository("chmod 777 .")
        files.call("files-turn")
        [problem] = files.problems()
        assert problem.startswith(
            "backup/repository: volume legal-files: its newest snapshot lacks what could not be read"
        )
        assert "/volumes/legal-files/two" in problem
        assert not files.word("health").ok
    finally:
        files.clear()


def test_a_repository_that_is_gone_is_made_again_and_loud(files: Files) -> None:
    fill(files)
    files.repository("rm -rf files")
    assert not files.word("files-verify").ok
    assert "there are no files of volumes" in " ".join(files.problems())
    files.call("files-backup")
    assert files.call("files-verify")["result"] == "good"
    [problem] = files.problems()
    assert problem.startswith("backup/repository: its files were gone, and a new repository began at ")
    assert not files.word("health").ok


def test_one_repository_that_cannot_be_used_does_not_stop_the_other(files: Files) -> None:
    files.configure(repository=place("/nowhere/files"), second=place(SECOND))
    files.call("files-turn")
    status = files.call("files-status")
    [problem] = status["problems"]
    assert problem.startswith("backup/repository: restic init failed: ")
    assert status["repositories"]["second"]["volumes"]["legal-files"]["snapshots"] == 1
    assert files.call("files-turn")["done"] == []


def test_another_passphrase_is_refused_and_shown_nowhere(files: Files) -> None:
    fill(files)
    files.configure(passphrase="another-long-word")
    said = files.word("files-backup")
    assert said.code == 1
    assert "its files are encrypted with another passphrase" in said.error
    assert "another-long-word" not in said.out + said.error + str(files.call("files-status"))


@pytest.mark.faults
def test_a_killed_backup_does_not_stop_the_next_one(files: Files) -> None:
    fill(files)
    files.change("head -c 60000000 /dev/urandom > big")
    files.inside(
        "python3 -m host.backup files-backup >/dev/null 2>&1 & backup=$!; "
        'until [ -n "$(ls /var/lib/pgbackrest/files/locks)" ]; do sleep 0.02; done; '
        "kill -9 $backup; pkill -9 -x restic"
    )
    assert files.repository("ls files/locks | wc -l") != "0"
    files.call("files-backup")
    assert files.call("files-verify")["result"] == "good"
    assert files.repository("ls files/locks | wc -l") == "0"
    assert files.problems() == []


def test_a_damaged_pack_makes_the_restore_test_loud(files: Files) -> None:
    fill(files)
    spoil = (
        "pack=$(ls -S files/data/*/* | head -1); chmod u+w $pack; echo spoiled | dd of=$pack bs=1 seek=900 conv=notrunc"
    )
    files.repository(f"{spoil} 2>/dev/null")
    said = files.word("files-verify")
    assert said.code == 1
    assert "restic restore failed" in said.error
    assert "/d/two" in said.error
    [problem] = files.problems()
    assert problem.startswith("backup/verify: the restore test of files failed: ")
    assert not files.word("health").ok


def test_an_emptied_volume_is_loud_and_its_files_are_kept(files: Files) -> None:
    fill(files)
    files.change("rm -rf one d")
    files.call("files-backup")
    [problem] = files.problems()
    assert "volume legal-files: is empty and had 2 files before" in problem
    assert files.call("files-status")["repositories"]["repository"]["volumes"]["legal-files"]["snapshots"] == 2


def test_a_volume_that_is_no_longer_declared_is_no_problem_and_a_new_one_is_backed_up_at_once(files: Files) -> None:
    fill(files)
    files.volumes = ("legal-files", "auth-avatars")
    files.replace()
    assert files.call("files-turn")["done"] == ["repository: auth-avatars"]
    assert files.problems() == []


def test_a_stop_ends_restic_too_and_leaves_no_lock(files: Files) -> None:
    files.change("head -c 200000000 /dev/urandom > big")
    files.inside(
        "python3 -m host.backup files-turn >/dev/null 2>&1 & turn=$!; "
        'until [ -n "$(ls /var/lib/pgbackrest/files/locks 2>/dev/null)" ]; do sleep 0.02; done; '
        "kill $turn; wait $turn || true"
    )
    eventually(lambda: files.repository("ls files/locks | wc -l") == "0")
