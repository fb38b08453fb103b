"""A dump's file on the host: it arrives in pieces, and no other service's file changes."""

import hashlib
import io
import os
from pathlib import Path

import pytest

from host import verbs
from host.dumps import Dumps, create

DIGEST = hashlib.sha256(b"dump").hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_only_a_services_own_dumps_are_removed(home: Path) -> None:
    dumps = Dumps("trial", "legal")
    kept = [
        *(f"legal-incoming-{DIGEST}.dump", "legal-before.dump", "legal-before.dump.new", "legal-incoming-before.dump"),
        *(f"legal-incoming-incoming-{OTHER}.dump", f"legal-2-incoming-{OTHER}.dump", f"ilegal-incoming-{OTHER}.dump"),
    ]
    for name in (*kept, f"legal-incoming-{OTHER}.dump"):
        (dumps.folder / name).touch()
    dumps.remove_incoming(keep=DIGEST)
    assert sorted(file.name for file in dumps.folder.iterdir()) == sorted(kept)
    dumps.remove_incoming()
    assert not dumps.incoming(DIGEST).exists()
    assert dumps.folder == home / ".sertantai" / "trial"
    assert dumps.folder.stat().st_mode & 0o077 == 0


def test_a_dump_is_whole_if_its_bytes_are_those_that_were_sent(home: Path) -> None:
    dumps = Dumps("trial", "legal")
    assert not dumps.is_whole(DIGEST)
    dumps.incoming(DIGEST).write_bytes(b"dum")
    assert not dumps.is_whole(DIGEST)
    dumps.incoming(DIGEST).write_bytes(b"dump")
    assert dumps.is_whole(DIGEST)


def test_a_file_that_another_process_still_writes_is_not_removed(tmp_path: Path) -> None:
    file = tmp_path / "before.dump.new"
    old = create(file)
    new = create(file)
    os.write(old, b"old")
    os.write(new, b"new")
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o600
    os.close(old)
    os.close(new)


def arrived(capfd: pytest.CaptureFixture[str]) -> str:
    assert verbs.run(["restore-arrived", "legal", DIGEST, "--stack", "trial", "--size", "4"], io.StringIO()) == 0
    return capfd.readouterr().out.strip()


def receive(piece: bytes, start: int) -> None:
    words = ["restore-receive", "legal", DIGEST, "--stack", "trial", "--start", str(start)]
    assert verbs.run(words, io.TextIOWrapper(io.BytesIO(piece))) == 0


def test_a_partial_dump_is_continued_until_it_is_whole(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert arrived(capfd) == "0"
    for piece, start, then in ((b"du", 0, "2"), (b"mp", 2, "whole"), (b"more", 4, "0")):
        receive(piece, start)
        assert arrived(capfd) == then
    assert not Dumps("trial", "legal").incoming(DIGEST).exists(), "what is not the dump goes"


def test_bytes_that_two_receivers_write_arrive_once(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    receive(b"du", 0)
    receive(b"ump", 1)
    assert arrived(capfd) == "whole"
