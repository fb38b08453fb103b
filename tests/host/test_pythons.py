"""The program runs under every Python that a host may have."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from components.machine import host_program
from tests.places import ROOT

OLDEST = (3, 10)
# A verb is imported to print its help.
TELL_ALL = """
import contextlib, io, sys
sys.path.insert(0, sys.argv[1])
from host import verbs
from host.__main__ import main
all_verbs = [*verbs.READS, *verbs.CHANGES, *verbs.RECEIVES, *verbs.SESSIONS]
for words in ([], *([verb] for verb in all_verbs)):
    said = io.StringIO()
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(said):
        main([*words, "--help"])
    assert said.getvalue().startswith("usage: sertantai-host"), words
"""
COMPILE_ALL = "import pathlib; [compile(f.read_text(), str(f), 'exec') for f in pathlib.Path('host').rglob('*.py')]"


def pythons() -> dict[str, str]:
    """Returns the Pythons on this machine by version, at least the one that runs the tests."""
    found = {f"3.{sys.version_info.minor}": sys.executable}
    for minor in range(OLDEST[1], 30):
        installed = Path("~/.pyenv/versions").expanduser().glob(f"3.{minor}.*/bin/python3")
        for path in (*map(str, installed), shutil.which(f"python3.{minor}")):
            # pyenv has shims for versions that are not installed.
            if path and subprocess.run([path, "--version"], capture_output=True).returncode == 0:
                found.setdefault(f"3.{minor}", path)
    return found


@pytest.fixture(params=pythons().items(), ids=lambda found: str(found[0]))
def python(request: pytest.FixtureRequest) -> str:
    return str(request.param[1])


def test_every_verb_prints_its_help(python: str, tmp_path: Path) -> None:
    program = tmp_path / "host.pyz"
    program.write_bytes(host_program.pack())
    said = subprocess.run([python, "-W", "error", "-c", TELL_ALL, program], cwd="/", capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")


def test_every_file_compiles_without_a_warning(python: str) -> None:
    said = subprocess.run([python, "-W", "error", "-c", COMPILE_ALL], cwd=ROOT, capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")
