"""The locks between steps."""

from pathlib import Path

import pytest

from host import lock
from host.failure import Failure


def test_a_lock_of_another_user_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("host.lock.tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr("host.lock.os.open", refused)
    with pytest.raises(Failure, match=f"^{tmp_path}/trial.lock: belongs to another user"):
        lock.acquire("trial", 0, "taken").__enter__()
