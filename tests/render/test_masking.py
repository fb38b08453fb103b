"""What the gate shows of a failed container's log: never a secret, whatever it looks like."""

import shlex

import pytest

from render import environment, shell

from .box import on_host


def shown(secrets: str, log: str) -> list[str]:
    """The log of a container that cannot be started, as the gate shows it."""
    docker = f"""docker() {{
      case "$1" in inspect) echo exited ;; logs) printf '%s\\n' {shlex.quote(log)} ;; *) return 1 ;; esac
    }}"""
    said = on_host(f"{docker}\n{shell.gate('legal/app', 'legal-app-1', ['true'], 4000, 1, 1)}", secrets, timeout_s=10)
    assert said.code == 1
    first, *lines, last = said.error.splitlines()
    assert first == "legal/app: cannot be started; its last lines:"
    assert last.startswith("legal/app: what served before still serves")
    return [line.removeprefix("    ") for line in lines]


@pytest.mark.parametrize(
    ("secrets", "log", "result"),
    [
        ("s3cr3t", "with s3cr3t and s3cr3t", "with [secret] and [secret]"),
        ("", "with nothing to hide", "with nothing to hide"),
        ("s3cr3t\nt0ken", "s3cr3t t0ken", "[secret] [secret]"),
        ("two\nlines0\nof one", "lines0, of one", "[secret], [secret]"),
        ("first\n\nafter a blank line", "first, after a blank line", "[secret], [secret]"),
        ("abcdefgh\nabcdefghijkl", "abcdefghijkl abcdefgh", "[secret] [secret]"),
        ("secret", "the secret", "the [secret]"),
        ("[secret]\nsecret", "the secret", "the [secret]"),
        ("a.c*\\d$", "abcd a.c*\\d$", "abcd [secret]"),
        ("yes", "yes, too short to hide", "yes, too short to hide"),
        ("-n -e", "-n -e", "[secret]"),
    ],
)
def test_no_secret_is_among_the_last_lines(secrets: str, log: str, result: str) -> None:
    assert shown(secrets, log) == [result]


def test_the_log_keeps_its_lines() -> None:
    assert shown("s3cr3t", "one\n\n  two s3cr3t\n\tthree") == ["one", "", "  two [secret]", "\tthree"]


def test_the_passwords_of_urls_are_secret_by_themselves() -> None:
    given = {
        "DATABASE_URL": "postgresql://u:p%40ss@postgres:5432/x",
        "PORT": "4000",
        "TOKEN": "t",
        "ELECTRIC_SECRET": "e",
    }
    masked = environment.to_mask(given, ["TOKEN"]).split("\n")
    assert masked == ["postgresql://u:p%40ss@postgres:5432/x", "e", "t", "p%40ss", "p@ss"]
