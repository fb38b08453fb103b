"""What the gate shows of a failed container's log: what its lines mean, and never a secret, whatever it looks like."""

import shlex

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


def test_the_passwords_of_urls_are_secret_by_themselves() -> None:
    given = {
        "DATABASE_URL": "postgresql://u:p%40ss@postgres:5432/x",
        "PORT": "4000",
        "TOKEN": "t",
        "ELECTRIC_SECRET": "e",
    }
    masked = environment.to_mask(given, ["TOKEN"]).split("\n")
    assert masked == ["postgresql://u:p%40ss@postgres:5432/x", "e", "t", "p%40ss", "p@ss"]


@pytest.mark.parametrize(("log", "hint"), list(zip(LOGS, known.LINES, strict=True)), ids=range(len(LOGS)))
def test_a_line_with_a_known_cause_is_explained_in_exactly_these_words(log: str, hint: tuple[str, str]) -> None:
    _, meaning = hint
    assert shown("", log) == [*log.splitlines(), f"legal/app: {meaning}"]
