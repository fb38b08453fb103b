"""What the shell texts say and quote, and that environments come through them whole."""

import shlex
import subprocess

import pytest

from render import shell
from settings import Mistakes, checks, parse

from ..settings.stack import SMALL, changed
from .box import on_host

ODD = [
    "it's",
    'say "so"',
    "$HOME",
    "`id`",
    "two\nlines",
    "trailing\n\n",
    "",
    " ",
    "\\n",
    "!!",
    "é",
    "a=b",
    "\t",
    "x" * 100_000,
]


def received(given: dict[str, str]) -> dict[str, str]:
    """What a client started by the step of a migration would have in its environment."""
    said = subprocess.run(
        ["bash", "-c", 'environment=$(cat); eval "$environment"; exec env -0'],
        input=shell.exports(given),
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
    )
    return dict(entry.split("=", 1) for entry in said.stdout.split("\0") if entry)


@pytest.mark.parametrize("value", ODD)
def test_a_value_of_the_environment_comes_through_whole(value: str) -> None:
    assert received({"A": value, "B": "after"}).items() >= {"A": value, "B": "after"}.items()


def shells_own_names() -> list[str]:
    """Every name that bash gives a meaning to: those it has at its start, and some that it makes late."""
    listed = subprocess.run(["bash", "-c", "compgen -v"], capture_output=True, text=True).stdout.split()
    late = ["FUNCNAME", "RANDOM", "SRANDOM", "SECONDS", "LINENO", "HISTCMD", "GROUPS", "BASH_REMATCH", "REPLY", "TMOUT"]
    return sorted({*listed, *late, "COPROC", "CDPATH", "LANG", "PS3"})


@pytest.mark.parametrize("name", shells_own_names())
def test_a_name_of_the_shells_own_is_refused_or_comes_through(name: str) -> None:
    stack = changed(SMALL, {f"services/legal/app/env/{name}": "a value"})
    try:
        parse(stack)
    except Mistakes:
        return
    assert received({name: "a value"})[name] == "a value"


def test_the_settings_know_the_shells_own_names() -> None:
    assert not [name for name in checks.SHELL_NAMES if name.startswith(checks.SHELL_PREFIXES)]


def test_a_migration_is_told_the_names_of_its_environment_and_no_value() -> None:
    text = shell.migrate("legal", "m", "image", ["/app"], [], ["A", "B"], ["A"], 300, "psql", "psql")
    assert "-e A -e B" in text
    words = shlex.split(text, comments=True)
    assert not [word for word in words if word.startswith(("A=", "B="))]


def test_a_migrations_words_are_quoted() -> None:
    command = ["/bin/app", "eval", 'IO.puts("it\'s $HOME")', ""]
    text = shell.migrate("legal", "m", "image@sha256:a", command, ["--memory", "1 g"], [], [], 300, "", "")
    (line,) = [line for line in text.splitlines() if line.strip().startswith("docker run")]
    assert shlex.split(line) == [
        *("docker", "run", "--rm", "--name", "m", "--memory", "1 g", "--entrypoint", "/bin/app"),
        *("image@sha256:a", "eval", 'IO.puts("it\'s $HOME")', ""),
    ]


def test_a_script_inside_a_container_is_one_word() -> None:
    script = "echo 'it''s' \"$HOME\"\n"
    assert shlex.split(shell.inside("nginx", script)) == ["docker", "exec", "-i", "nginx", "bash", "-c", script]
    assert shlex.split(shell.inside("c", script, "sh", stdin=False)) == ["docker", "exec", "c", "sh", "-c", script]


def test_psql_stops_at_the_first_error_and_reads_no_file_of_its_users() -> None:
    words = shlex.split(shell.psql("postgres", "legal_prod"))
    assert words[-2:] == ["-d", "legal_prod"]
    assert {"-X", "ON_ERROR_STOP=1"} <= set(words)


def test_sql_that_a_command_carries_itself_is_taken_as_it_is() -> None:
    text = shell.psql_with("postgres", "SELECT '$HOME `id`';\n", "legal_prod")
    assert on_host(f"docker() {{ cat; }}\n{text}").out == "SELECT '$HOME `id`';\n"


def test_containers_are_found_by_all_of_their_labels() -> None:
    assert shell.filters({"a": "1", "b": "2"}) == ["--filter", "label=a=1", "--filter", "label=b=2"]
