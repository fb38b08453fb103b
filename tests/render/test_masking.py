"""What the gate shows of a failed container's log: what its lines mean, and never a secret, whatever it looks like."""

import random
import shlex
from urllib.parse import quote

import pytest

from render import environment, known, shell

from .box import on_host

# One for each hint, in their order, as Erlang, Phoenix, PostgreSQL and Electric write them.
LOGS = (
    """Unable to load crypto library. Failed with error:
"load_failed, Failed to load NIF library: 'Error relocating /app/lib/crypto-5.5.3/priv/lib/crypto.so:
 EVP_MD_CTX_get_size_ex: symbol not found'"
OpenSSL might not be installed on this system.""",
    '** (Postgrex.Error) FATAL 3D000 (invalid_catalog_name) database "sertantai_legal_prod" does not exist',
    '** (Postgrex.Error) ERROR 55006 (object_in_use) replication slot "electric_slot_legal" is active for PID 4711',
    "13:16:01.935 [notice] Acquiring lock from postgres with name electric_slot_legal",
    '** (Postgrex.Error) ERROR 42P01 (undefined_table) relation "oban_jobs" does not exist',
    '** (Postgrex.Error) FATAL 28P01 (invalid_password) password authentication failed for user "legal_1a2b"',
    """[error] Running LegalWeb.Endpoint with Bandit 1.6.1 at http failed, port 4000 already in use
    ** (EXIT) :eaddrinuse""",
)


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


@pytest.mark.parametrize(
    ("value", "log", "result"),
    [
        ("postgresql://u:p%40ssword@postgres:5432/x", "p%40ssword p@ssword", "[secret] [secret]"),
        ("postgres://u:pass#word@h/x", "pass, word@h/x", "[secret], [secret]@h/x"),
        ("postgres://u:pass/w@rd?word@h/x", "port pass, pass/w@rd?word", "port [secret], [secret]"),
        ("postgres://u@tenant:password@h/x", "password", "[secret]"),
        ("postgres://h/x?user=u&password=s3cr3t&sslmode=disable", "s3cr3t, disable", "[secret], disable"),
        ("https://t0ken@example.org/1", "t0ken", "[secret]"),
        ("https://[x]/", "bad host in https://[x]/", "bad host in [secret]"),
        ("postgres://[u:password@h/", "password", "[secret]"),
        ("first line\r\n\r\n  second line\nend", "first line, second line, end", "[secret], [secret], end"),
    ],
)
def test_no_part_of_a_secret_value_is_among_the_last_lines(value: str, log: str, result: str) -> None:
    assert shown(environment.to_mask({"TOKEN": value, "PORT": "4000"}, ["TOKEN"]), f"{log} 4000") == [f"{result} 4000"]


def test_whatever_a_url_is_made_of_its_password_is_masked_as_it_stands_and_decoded() -> None:
    chance = random.Random(7)
    for _ in range(2000):
        user, password = ("".join(chance.choices("ab1%@:/?#[]&=\n é", k=chance.randrange(12))) for _ in range(2))
        for given in (
            f"postgres://{quote(user, safe='')}:{password}@h/x",
            environment.postgres_url(user, password, "x"),
        ):
            masked = environment.to_mask({"DATABASE_URL": given}).split("\n")
            for text in (given, password):
                assert {line.strip() for line in text.split("\n")} - {""} <= set(masked), (given, masked)


@pytest.mark.parametrize(("log", "hint"), list(zip(LOGS, known.LINES, strict=True)), ids=range(len(LOGS)))
def test_a_line_with_a_known_cause_is_explained_in_exactly_these_words(log: str, hint: tuple[str, str]) -> None:
    _, meaning = hint
    assert shown("", log) == [*log.splitlines(), f"legal/app: {meaning}"]
