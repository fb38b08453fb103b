"""OpenSSH's files on the operator's machine."""

import os
import pwd
import stat
from pathlib import Path

import pytest

from components.machine import ssh_files


def test_the_sockets_folder_is_in_the_home_that_openssh_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home of the user's account: HOME may be another one, as under sudo."""
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    other.mkdir()
    account = pwd.getpwuid(os.getuid())
    monkeypatch.setattr(pwd, "getpwuid", lambda _: pwd.struct_passwd((*account[:5], str(home), account[6])))
    monkeypatch.setenv("HOME", str(other))
    config = ssh_files.write(tmp_path, "prod", {"config": "Host sertantai-prod\n"}, {})
    assert (tmp_path / config).read_text() == "Host sertantai-prod\n"
    assert stat.S_IMODE((home / ".ssh").stat().st_mode) == 0o700
    assert not list(other.iterdir())
