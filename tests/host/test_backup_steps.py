"""The steps that call the program in the backup container, with a stand-in of its words."""

import json

import pytest

from tests.throwaway.box import Boxes, docker
from tests.throwaway.calling import call

pytestmark = pytest.mark.docker
# Prints its words; one that begins with - is a failure.
WORDS = """import sys
words = sys.argv[1:]
open("/tmp/called", "a").write(" ".join(words) + "\\n")
if open("/tmp/answer").read().strip():
    sys.exit(open("/tmp/answer").read().strip())
print('{"problems": []}')
"""


@pytest.fixture
def backup(boxes: Boxes) -> str:
    start(boxes, "backup-files")
    return start(boxes, "backup")


def start(boxes: Boxes, container: str) -> str:
    name = boxes.start(container, "sleep 600", options=["-e", "PYTHONPATH=/tmp/program", "--network", "none"])
    write = "mkdir -p /tmp/program/host && touch /tmp/program/host/__init__.py && cat > /tmp/program/host/backup.py"
    assert docker("exec", "-i", name, "sh", "-c", write, stdin=WORDS).ok
    answer(name, "")
    return name


def answer(backup: str, failure: str) -> None:
    assert docker("exec", "-i", backup, "sh", "-c", "cat > /tmp/answer", stdin=failure).ok


def called(backup: str) -> list[str]:
    return docker("exec", backup, "sh", "-c", "cat /tmp/called 2>/dev/null || true").out.splitlines()


def test_the_check_is_the_programs(backup: str) -> None:
    said = call("backup-check", backup, inputs={"files": "digest"})
    assert (said.code, said.out) == (0, "")
    assert called(backup) == ["check"]
    answer(backup, "backup/repository: is full; make room")
    said = call("backup-check", backup, inputs={"files": "digest"})
    assert (said.code, said.out) == (1, "backup/repository: is full; make room\n")


def test_a_word_of_the_program_can_be_called_by_hand(backup: str) -> None:
    said = call("backup-call", backup, "keys-printed")
    assert (said.code, said.out) == (0, '{"problems": []}\n')
    assert called(backup) == ["keys-printed"]


def test_without_its_container_the_check_says_what_to_do(boxes: Boxes) -> None:
    said = call("backup-check", f"{boxes.stack}-none", inputs={})
    assert said.code == 1
    assert said.out.startswith("backup: its container")


def test_before_another_image_of_postgresql_a_backup_is_made(boxes: Boxes, backup: str) -> None:
    postgres = boxes.start("postgres")
    other = f"trial-first:{boxes.stack}"
    assert docker("commit", postgres, other).ok
    try:
        words = {"postgres": postgres, "image": "new"}
        assert call("backup-first", backup, inputs={"image": boxes.image}, **words).ok
        assert called(backup) == [], "it has this image already"
        said = call("backup-first", backup, inputs={"image": other}, **words)
        assert (said.code, called(backup)) == (0, ["backup diff"])
        answer(backup, "backup/repository: does not answer")
        said = call("backup-first", backup, inputs={"image": other}, **words)
        assert said.code == 1
        assert said.out.startswith("backup/repository: does not answer\n")
        docker("stop", "-t", "0", backup)
        said = call("backup-first", backup, inputs={"image": other}, **words)
        assert said.out.startswith("backup: its container")
        assert f"run `docker rm -f {backup}` on the host, and up again" in said.out, "a broken container has a way out"
        docker("rm", "-f", postgres)
        assert call("backup-first", backup, inputs={"image": other}, **words).ok, "there is no cluster"
    finally:
        docker("rmi", "-f", other)


def test_a_stack_that_only_now_declares_backups_has_none_to_make_first(boxes: Boxes, backup: str) -> None:
    postgres = boxes.start("postgres")
    other = f"trial-first:{boxes.stack}"
    assert docker("commit", postgres, other).ok
    docker("rm", "-f", backup)
    said = call("backup-first", backup, postgres=postgres, image="new", inputs={"image": other})
    docker("rmi", "-f", other)
    assert said.ok
    assert "nothing is backed up before" in said.out


def test_the_status_is_the_programs_and_a_missing_container_is_a_problem(boxes: Boxes, backup: str) -> None:
    assert json.loads(call("backup-status", backup).out) == {"problems": []}
    assert json.loads(call("backup-status", backup, written=[]).out) == {"problems": []}
    assert called(backup)[-2:] == ["status", "status --written"]
    missing = json.loads(call("backup-status", f"{boxes.stack}-none").out)
    assert missing["exists"] is False
    assert missing["problems"][0].startswith("backup: its container")
    answer(backup, "backup: status.json is damaged")
    assert json.loads(call("backup-status", backup).out) == {"problems": ["backup: status.json is damaged"]}


def test_the_problems_of_files_are_problems_of_the_status(boxes: Boxes, backup: str) -> None:
    answer(f"{backup}-files", "backup/repository: volume legal-files: is empty")
    problems = ["backup/repository: volume legal-files: is empty"]
    assert json.loads(call("backup-status", backup).out) == {"problems": problems}
    docker("rm", "-f", f"{backup}-files")
    [problem] = json.loads(call("backup-status", backup).out)["problems"]
    assert problem.startswith(f"backup: its container {backup}-files does not run")
