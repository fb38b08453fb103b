"""Whether a folder of shapes has served, as Docker answers."""

from pathlib import PurePosixPath

import pytest

from host import docker, storage
from host.failure import Failure


@pytest.mark.parametrize(
    ("answer", "served"), [(docker.Output(0, "yes\n", ""), True), (docker.Output(0, "", ""), False)]
)
def test_storage_that_has_served_has_its_mark(
    monkeypatch: pytest.MonkeyPatch, answer: docker.Output, served: bool
) -> None:
    monkeypatch.setattr(storage, "folder", lambda _: PurePosixPath("/shapes/one"))
    monkeypatch.setattr(docker, "execute", lambda *_: answer)
    assert storage.has_served("legal/electric", "new") == served


def test_storage_that_cannot_be_read_is_not_one_that_never_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "folder", lambda _: PurePosixPath("/shapes/one"))
    monkeypatch.setattr(docker, "execute", lambda *_: docker.Output(1, "", "OCI runtime exec failed\n"))
    with pytest.raises(
        Failure, match=r"^legal/electric: its shapes cannot be read in new: OCI runtime exec failed; run up"
    ):
        storage.has_served("legal/electric", "new")
