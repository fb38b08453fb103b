"""What is shown of a log: never a secret, whatever it looks like, and what its known lines mean."""

import random
from urllib.parse import quote

import pytest

from host import hints
from host.mask import LINE_LIMIT, Mask
from render import environment

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


def shown(secret: str, line: str) -> str:
    return Mask([secret]).line(line).removeprefix("    ")


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
    assert shown(secrets, log) == result


def test_a_long_line_is_cut_after_its_secrets_are_masked() -> None:
    line = Mask(["s3cr3t"]).line("s3cr3t" * 10_000)
    assert len(line) == LINE_LIMIT + len("    ")
    assert "s3cr3t" not in line


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
    (secret,) = environment.secret_values({"TOKEN": value, "PORT": "4000"}, ["TOKEN"])
    assert shown(secret, f"{log} 4000") == f"{result} 4000"


def test_whatever_a_url_is_made_of_its_password_is_masked_as_it_stands_and_decoded() -> None:
    chance = random.Random(7)
    for _ in range(2000):
        user, password = ("".join(chance.choices("ab1%@:/?#[]&=\n é", k=chance.randrange(12))) for _ in range(2))
        for given in (
            f"postgres://{quote(user, safe='')}:{password}@h/x",
            environment.postgres_url(user, password, "x"),
        ):
            mask = Mask([given])
            for text in (given, password):
                left = [line.strip() for line in text.split("\n") if len(line.strip()) > 3]
                assert {mask(line) for line in left} <= {"[secret]"}, (given, left)


@pytest.mark.parametrize(("log", "hint"), list(zip(LOGS, hints.HINTS, strict=True)), ids=range(len(LOGS)))
def test_a_line_with_a_known_cause_has_exactly_its_own_hint(log: str, hint: tuple[str, str]) -> None:
    assert list(hints.of(log)) == [hint[1]]
