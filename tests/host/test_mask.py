"""The shown part of a log: never a secret, and a hint for each known line."""

import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import hints
from host.mask import LINE_LIMIT, SHORTEST, Mask
from render import environment

# One line for each hint, in their order, as Erlang, Phoenix, PostgreSQL and Electric write them.
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


def test_no_part_of_a_value_that_contains_a_secret_is_among_the_last_lines() -> None:
    secrets = {"DATABASE_URL": environment.postgres_url("u", "p@ss/word", "x"), "KEY": "k%2Fey"}
    env = {"OWN": "ecto+${DATABASE_URL}", "HOOK": "https://u:${KEY}@h/", "BOTH": "${KEY}\n${PORT}"}
    given = {**secrets, "PORT": "4000", **environment.compose(env, secrets | {"PORT": "4000"})}
    mask = Mask(environment.secret_values(given, ["KEY"], env))
    for text in (*secrets.values(), given["OWN"], given["HOOK"], "p@ss/word", "p%40ss%2Fword", "k/ey"):
        assert mask(f"a {text} b") == "a [secret] b"


URL_TEXT = st.text("ab1%@:/?#[]&=\n é", max_size=12) | st.text(max_size=12)


@given(URL_TEXT, URL_TEXT)
def test_the_password_of_any_url_is_masked_encoded_and_decoded(user: str, password: str) -> None:
    for url in (f"postgres://{quote(user, safe='')}:{password}@h/x", environment.postgres_url(user, password, "x")):
        mask = Mask([url])
        for text in (url, password):
            lines = [line.strip() for line in re.split(r"[\r\n]", text) if len(line.strip()) >= SHORTEST]
            assert {mask(line) for line in lines} <= {"[secret]"}


@given(st.lists(st.text("abc\n[]*\\é"), max_size=4), st.text("abc xyz"))
def test_a_secret_anywhere_in_a_line_is_masked_whatever_the_others_are(secrets: list[str], rest: str) -> None:
    mask = Mask(secrets)
    for line in [line.strip() for secret in secrets for line in secret.split("\n") if len(line.strip()) >= SHORTEST]:
        assert line not in mask(f"{rest} {line} {rest}").replace("[secret]", "")


@given(st.lists(st.text(max_size=SHORTEST - 1)), st.text())
def test_a_value_too_short_for_a_secret_is_not_masked(secrets: list[str], text: str) -> None:
    assert Mask(secrets)(text) == text


@pytest.mark.parametrize(("log", "hint"), list(zip(LOGS, hints.HINTS, strict=True)), ids=range(len(LOGS)))
def test_a_line_with_a_known_cause_has_exactly_its_own_hint(log: str, hint: tuple[str, str]) -> None:
    assert list(hints.find(log)) == [hint[1]]
