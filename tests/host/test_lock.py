"""The locks between steps."""

from pathlib import Path

import pytest

from host import lock, slots
from host.failure import Failure


def test_a_lock_of_another_user_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("host.lock.tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr("host.lock.os.open", refused)
    with pytest.raises(Failure, match=f"^{tmp_path}/trial.lock: belongs to another user"):
        lock.acquire("trial", 0, "taken").__enter__()


def test_a_running_restore_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("host.lock.tempfile.gettempdir", lambda: str(tmp_path))
    assert not slots.restore_runs("trial")
    assert list(tmp_path.iterdir()) == [], "a look creates nothing"
    with lock.acquire(slots.lock_name("trial"), 0, "taken"):
        assert slots.restore_runs("trial")
        assert not slots.restore_runs("other")
    assert not slots.restore_runs("trial")


def test_a_release_that_has_a_slot_is_no_restore(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("host.lock.tempfile.gettempdir", lambda: str(tmp_path))
    with slots.wait_for_restore("trial", "legal"):
        assert not slots.restore_runs("trial")


def test_a_lock_that_this_user_may_not_read_ends_no_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("host.lock.os.open", refused)
    assert not slots.restore_runs("trial")
