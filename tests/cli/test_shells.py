"""The names of earlier scripts, and completion, as a shell uses them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.places import ROOT

COMMAND = ROOT / "sertantai"


def bash(script: str, cwd: Path = ROOT) -> str:
    command = ["bash", "--norc", "-euc", script]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    return result.stdout.strip()


def test_the_old_names_are_aliases_of_the_new_commands(tmp_path: Path) -> None:
    text = bash(f'shopt -s expand_aliases; eval "$({COMMAND} aliases)"; alias', tmp_path)
    aliases = dict(line.removeprefix("alias ").split("=", 1) for line in text.splitlines())
    legal = {name: words for name, words in aliases.items() if name.startswith("sert-legal-")}
    assert legal == {
        "sert-legal-fe": f"'{COMMAND} build legal --frontend'",
        "sert-legal-be": f"'{COMMAND} build legal --backend'",
        "sert-legal-push-fe": f"'{COMMAND} push legal --frontend'",
        "sert-legal-push-be": f"'{COMMAND} push legal --backend'",
        "sert-legal-deploy": f"'{COMMAND} deploy legal'",
    }
    assert "sert-auth-fe" not in aliases, "auth has no frontend"


def test_of_another_stack_the_aliases_name_it() -> None:
    assert "deploy legal --stack prod'" in bash(f"{COMMAND} aliases --stack prod")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sertantai mainten", "maintenance"),
        ("./sertantai logs en", "enforcement"),
        ("./sertantai logs --stack prod co", "compliance"),
        ("/anywhere/sertantai maintenance on le", "legal"),
    ],
)
def test_bash_completes_commands_and_services_from_any_folder(tmp_path: Path, line: str, words: str) -> None:
    count = len(line.split()) - 1
    ask = f"COMP_WORDS=({line}); COMP_CWORD={count}; _sertantai_completion {line.split()[0]}; echo ${{COMPREPLY[*]}}"
    assert bash(f'eval "$({COMMAND} completion bash)"; {ask}', tmp_path) == words


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_scripts_for_other_shells_call_the_command_by_its_path(shell: str) -> None:
    script = bash(f"{COMMAND} completion {shell}")
    assert str(COMMAND) in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)
