"""The shell that runs in nginx's and certbot's containers."""

import shutil
import subprocess
from pathlib import Path

import pytest

from components.machine import host_program
from components.platform import watch
from components.platform.certbot import RENEW
from host.base import SCRIPTS
from local.errors import Trouble
from local.machine import ensure_packages
from render import environment

FOLDER = host_program.SOURCES / "shell"
ON_VOLUME = FOLDER / "volume"
TEXTS = {str(file.relative_to(FOLDER)): file.read_text() for file in sorted(FOLDER.rglob("*.sh"))}
TEXTS["entrypoint of certbot"] = f"#!/bin/sh\n{RENEW}"
TEXTS["entrypoint of the watch container"] = f"#!/bin/sh\n{watch.LOOK}"
TEXTS["health check of Electric"] = f"#!/bin/sh\n{environment.electric_check('waiting', 'active')[2]}"
EVERY = [pytest.param(text, id=name) for name, text in TEXTS.items()]


def shell(text: str) -> str:
    """certbot's container may have no bash."""
    return text.splitlines()[0].removeprefix("#!/bin/")


@pytest.mark.parametrize("text", EVERY)
def test_the_shell_accepts_it(text: str) -> None:
    said = subprocess.run([shell(text), "-n"], input=text, capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")


@pytest.fixture(scope="module")
def _shellcheck() -> None:
    if not shutil.which("shellcheck"):
        try:
            ensure_packages("shellcheck")
        except Trouble as trouble:
            pytest.skip(str(trouble))


@pytest.mark.usefixtures("_shellcheck")
@pytest.mark.parametrize("text", EVERY)
def test_shellcheck_finds_nothing(text: str) -> None:
    said = subprocess.run(["shellcheck", "-S", "warning", "-"], input=text, capture_output=True, text=True)
    assert said.stdout == ""


def test_the_volume_has_the_files_that_the_base_writes() -> None:
    assert sorted(SCRIPTS) == [file.stem for file in sorted(ON_VOLUME.glob("*.sh"))]


def test_another_command_changes_a_scripts_digest_and_another_comment_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_program, "SOURCES", tmp_path)
    script = tmp_path / "shell" / "volume" / "one.sh"
    script.parent.mkdir(parents=True)
    digests = []
    for text in ("# First.\necho 1\n", "# Second.\n  # Third.\necho 1\n", "# First.\necho 2\n"):
        script.write_text(text)
        digests.append(host_program.scripts_digest("volume"))
    assert digests[0] == digests[1] != digests[2]
