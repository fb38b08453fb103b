"""When snapshots and the test of files are due, and what is a problem: without Docker."""

import os
from pathlib import Path
from typing import Any

import pytest

from host.backup import files_restic, files_settings, files_status, files_turn, files_verify, places, state
from host.backup.files_settings import FileSettings, Place
from host.backup.settings import Settings

PLACE = Place("repository", "/somewhere/files", {}, [], "passphrase")
FILES = FileSettings([PLACE], keep_daily=14, keep_weekly=4)
CHOSEN = Settings(
    stack="trial",
    repositories={"repository": "local"},
    full="Sun 02:15",
    differential_hours=6,
    verify="04:30",
    host="postgres",
    user="sertantai_backup",
)


def at(text: str) -> float:
    return state.seconds(f"2026-11-{text}:00Z")


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "STATE", tmp_path / "state")
    monkeypatch.setattr(places, "SCRATCH", tmp_path / "state" / "scratch")
    monkeypatch.setattr(files_settings, "VOLUMES", tmp_path / "volumes")
    (tmp_path / "state").mkdir()
    (tmp_path / "volumes" / "legal-files").mkdir(parents=True)


def remember(newest: str | None = None, **values: Any) -> None:
    volume = {"newest": f"2026-11-{newest}:00Z"} if newest else {}
    state.remember(repository={"url": PLACE.url, "volumes": {"legal-files": volume}, **values})


def due(now: str) -> list[str]:
    return files_turn.due(PLACE, "04:30", at(now))


def test_a_snapshot_is_due_at_once_and_then_an_hour_before_the_restore_test() -> None:
    assert due("24T12:00") == ["legal-files"]
    remember("24T12:00")
    assert due("24T23:59") == due("25T03:29") == []
    assert due("25T03:30") == ["legal-files"]
    remember("25T03:30")
    assert due("25T03:31") == due("26T03:29") == []


@pytest.mark.parametrize(
    ("verify", "before", "after"), [("00:30", "24T23:29", "24T23:30"), ("01:00", "24T23:59", "25T00:00")]
)
def test_the_hour_before_the_test_may_be_on_the_day_before(verify: str, before: str, after: str) -> None:
    remember("24T12:00")
    assert files_turn.due(PLACE, verify, at(before)) == []
    assert files_turn.due(PLACE, verify, at(after)) == ["legal-files"]


def test_a_failure_is_tried_again_after_a_pause_and_at_once_at_another_place() -> None:
    remember(failed_at=at("24T12:00"))
    assert due("24T12:04") == []
    assert due("24T12:05") == ["legal-files"]
    state.remember(repository={"url": "/elsewhere", "failed_at": at("24T12:00")})
    assert due("24T12:01") == ["legal-files"]


def test_a_clock_that_was_wrong_stops_nothing() -> None:
    remember("30T12:00", failed_at=at("30T12:00"))
    assert due("24T12:00") == ["legal-files"]


def test_the_restore_test_is_due_each_night_and_an_hour_after_a_failure() -> None:
    assert not files_turn.is_test_due("04:30", at("24T12:00"))
    state.remember(first_snapshot=at("24T12:00"))
    assert not files_turn.is_test_due("04:30", at("25T04:29"))
    assert files_turn.is_test_due("04:30", at("25T04:30"))
    state.write("verify.json", {"at": "2026-11-25T04:30:00Z", "result": "good"})
    assert not files_turn.is_test_due("04:30", at("25T23:00"))
    state.write("verify.json", {"at": "2026-11-25T04:30:00Z", "result": "bad"})
    assert files_turn.is_test_due("04:30", at("25T05:30"))


def problems(now: str) -> str:
    return "\n".join(files_status.look(CHOSEN, FILES, at(now))["problems"])


def test_a_snapshot_and_a_test_that_are_missing_are_problems() -> None:
    remember("24T03:30")
    state.remember(first_snapshot=at("24T03:30"))
    assert problems("25T05:00") == ""
    assert "volume legal-files: its newest snapshot is of 2026-11-24T03:30:00Z, older than 26 hours" in problems(
        "25T05:31"
    )
    assert "no files have been restored as a test since 2026-11-24T03:30:00Z" in problems("25T05:31")


def test_a_test_that_was_interrupted_is_bad() -> None:
    state.write("verify.json", {"at": "2026-11-24T04:30:00Z", "result": "running"})
    assert "was interrupted" in problems("24T05:00")


def test_only_an_unchanged_live_file_can_differ(tmp_path: Path) -> None:
    restored, live = tmp_path / "restored", tmp_path / "live"
    for folder in (restored, live):
        (folder / "d").mkdir(parents=True)
        for name in ("equal", "different", "newer", "larger", "gone", "d/deep"):
            (folder / name).write_text("restored")
            os.utime(folder / name, (1, 1))
    for name, text in {"different": "spoiled!", "newer": "spoiled!", "larger": "restored and more"}.items():
        (live / name).write_text(text)
        os.utime(live / name, (2, 2) if name == "newer" else (1, 1))
    (live / "gone").unlink()
    (live / "gone").symlink_to("equal")
    os.mkfifo(live / "pipe")
    later = (live / "different").stat().st_ctime + 1
    compared = files_verify.compare(restored, live, later)
    assert (compared.files, compared.equal, compared.different) == (6, 2, ["different"])
    assert files_verify.compare(restored, live, 1).different == [], "it was changed after the snapshot"


def test_a_file_that_was_deleted_meanwhile_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = files_restic.Answer(
        "", ["/volumes/legal-files/a: lstat: no such file or directory", "/b: permission denied"]
    )
    monkeypatch.setattr(files_restic.Restic, "_run", lambda *_, **__: answer)
    assert files_restic.Restic(PLACE, "trial").back_up("legal-files") == ["/b: permission denied"]
