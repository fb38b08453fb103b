"""Texts: each setting accepts only what is safe in nginx, SQL and shell, and valid for Docker."""

from string import ascii_letters, digits
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settings import Settings
from settings.validation import _names

from .stack import DIGEST, FULL, OVER_SSH, SECRETS, SMALL, changed, mistakes, mistakes_of, texts

# Paths on the operator's machine, which are only opened.
FILES = ("ca_bundle", "build/context")
# The operator's own texts, which are quoted everywhere.
FREE = (
    "services/legal/app/build/args/",
    "services/legal/app/command/",
    "services/legal/app/env/",
    "services/legal/app/migrate/",
    "services/legal/frontend/env/",
    "services/legal/electric/env/",
)
EVERY = ["/".join(map(str, path)) for path in texts(FULL) if "kind" not in path]
# Names and SQL of PostgreSQL, which are percent-encoded for Electric.
ENCODED = tuple(f"services/legal/electric/access/shapes/laws/{name}" for name in ("columns", "where"))
# A header's value, which is quoted for nginx.
QUOTED = "services/legal/headers/"
STRICT = [path for path in EVERY if not path.startswith((*FREE, *ENCODED, QUOTED)) and path not in SECRETS]


def value_at(path: str) -> Any:
    here: Any = FULL
    for step in path.split("/"):
        here = here[int(step)] if isinstance(here, list) else here[step]
    return here


def keys_of(block: Any) -> set[str]:
    if isinstance(block, dict):
        return set(block).union(*map(keys_of, block.values()))
    return set().union(*map(keys_of, block)) if isinstance(block, list) else set()


def test_the_full_stack_has_every_setting() -> None:
    assert set(_names(Settings.model_json_schema())) - keys_of(FULL) - keys_of(OVER_SSH) == set()


def taken(path: str, value: str, words: str = "") -> bool:
    """Whether the setting at `path` accepts the value, or refuses it without `words` at the message's begin."""
    return not any(line.startswith(f"{path}: {words}") for line in mistakes_of(changed(FULL, {path: value})))


def test_no_text_may_end_in_a_newline() -> None:
    assert not [path for path in STRICT if taken(path, value_at(path) + "\n")]


ODD = ['"', "'", ";", " ", "$(id)", "`id`", "{", "}", "\\", "\t", "\0", "\x1b", "é", "|", "*", "\u2028"]


@pytest.mark.parametrize("odd", ODD)
def test_no_text_may_contain_a_character_with_a_meaning_elsewhere(odd: str) -> None:
    paths = [path for path in STRICT if not path.endswith(FILES)]
    if odd == " ":
        paths.remove("host/authorized_keys/operator")  # a key may have a comment
    assert not [path for path in paths if taken(path, f"{value_at(path)}{odd}x")]


# Each of these is valid in some setting.
PLAIN = f"{ascii_letters}{digits} -_./:@~=+,%"


ODD_ASCII = sorted({chr(code) for code in range(128)} - set(PLAIN))


@settings(max_examples=15)
@given(st.characters().filter(lambda sign: sign not in PLAIN), st.floats(0, 1))
def test_nor_any_other_such_character_at_any_position(drawn: str, place: float) -> None:
    for sign in [*ODD_ASCII, drawn]:
        odd = {}
        for path in [path for path in STRICT if not path.endswith(FILES)]:
            value = value_at(path)
            at = round(place * len(value))
            odd[path] = value[:at] + sign + value[at:]
        refused = {line.partition(": ")[0] for line in mistakes_of(changed(FULL, odd))}
        assert not odd.keys() - refused, sign


@pytest.mark.parametrize("name", ["address", "user", "host_key", "identity_file"])
def test_nor_may_a_servers_connection_settings(name: str) -> None:
    assert mistakes({"host": OVER_SSH}) == []
    for odd in ('"', "'", ";", " ", "$(id)", "`id`", "\\", "\n", "%h", "\0"):
        lines = mistakes({"host": OVER_SSH | {name: f"{OVER_SSH[name]}{odd}x"}})
        assert [line for line in lines if line.startswith(f"host/{name}: must ")], odd


def test_no_text_may_contain_a_nul() -> None:
    paths = [path for path in EVERY if path.startswith(FREE) or path.endswith(FILES)]
    assert not [path for path in paths if taken(path, "a\0b", "must ")]


def test_a_value_of_the_environment_and_a_word_of_a_command_may_be_anything_else() -> None:
    for path in (path for path in EVERY if path.startswith(FREE)):
        for value in ("two\nlines\n", 'it\'s "quoted" $HOME `id` \\', " ", "é\u2028"):
            assert mistakes_of(changed(FULL, {path: value})) == [], path


@pytest.mark.parametrize("block", ["services", "services/legal/app/env", "host/authorized_keys", "host/labels"])
def test_a_name_that_the_operator_chooses_is_as_strict(block: str) -> None:
    for name in ("a b", "a;b", "a\n", "a$b", "", "é", "a" * 300):
        lines = mistakes_of(changed(FULL, {f"{block}/{name}": value_at(f"{block}/{next(iter(value_at(block)))}")}))
        shown = name.replace("\n", "\\n")
        assert [line for line in lines if line.startswith(f"{block}/{shown}: must be ")], name


DOMAINS = [
    "", "legal", "Legal.sertantai.com", "*.sertantai.com", "legal..com", "-a.com", "a-.com", "legal.com.", "a_b.com",
    "203.0.113.7", "a/b.com", "https://legal.com", "legal.com:80", "legal.com/",
    "a" * 64 + ".com", ".".join(["a" * 7] * 32),
]  # fmt: skip
IMAGES = [
    "", "a b", "ghcr.io/Owner/name", "$(x)", "name:", ":tag", "name:tag:tag", "name:-tag", "name/", "/name", "a//b",
    "name@sha256:abc", f"name@{DIGEST}0", f"name@{DIGEST.upper()}", f"name@md5:{'a' * 32}", "name:" + "t" * 129,
    "http://ghcr.io/a",
]  # fmt: skip
MALFORMED: list[tuple[str, str, list[Any]]] = [
    (
        "services/legal/domain",
        "must be a host name such as legal.sertantai.com",
        DOMAINS,
    ),
    (
        "services/legal/names",
        "must be a host name of one part: a-z, 0-9, - and _",
        [[""], ["a.b"], ["Legal"], ["-a"], ["a-"], ["_a"], ["a" * 64], ["legal.sertantai.com"]],
    ),
    (
        "services/legal/app/image",
        "must be an image reference such as ghcr.io/owner/name:tag@sha256:...",
        IMAGES,
    ),
    ("services/legal/app/env/A B", "must be an environment name: letters, digits and _", ["x"]),
    ("services/legal/app/env/1A", "must be an environment name: letters, digits and _", ["x"]),
    ("services/legal/app/env/A-B", "must be an environment name: letters, digits and _", ["x"]),
    ("services/legal/app/env/A=B", "must be an environment name: letters, digits and _", ["x"]),
    (
        "services/legal/database/name",
        "must be a-z, 0-9 and _, from a letter or _ on but not from pg_, 40 at most",
        ["", "Legal", "1legal", "legal-prod", "legal;drop", "pg_legal", "a" * 41, 'le"gal'],
    ),
    (
        "services/legal/database/extensions",
        "must be the name of a PostgreSQL extension",
        [["UUID"], ['a"b'], ["a b"], ["a;b"], [""]],
    ),
    (
        "services/legal/electric/stream_id",
        "must be a-z, 0-9 and _, from a letter or _ on, 42 at most (no -)",
        ["", "a-b", "A", "1a", "a" * 43, "a;b"],
    ),
    (
        "services/legal/electric/access/shapes/laws/table",
        "must be a table such as uk_lrt or public.uk_lrt",
        ['uk"lrt', "uk;lrt", "uk lrt", "UK", "a.b.c", ".a", "a|b", "a.*", ""],
    ),
    (
        "services/legal/electric/access/shapes/laws/columns",
        "must be a column as PostgreSQL names it, 63 characters at most, without quotes",
        [[""], ['a"b'], ["a\nb"], ["a\0"], ["a" * 64]],
    ),
    (
        "services/legal/electric/access/shapes/laws/where",
        "must be a condition in SQL, on one line",
        ["", "a\nb", "a\0", "\x1b"],
    ),
    ("acme/email", "must be an e-mail address", ["", "operator", "a@b", "a b@c.de", "a@c.de,b@c.de"]),
    (
        "acme/directory_url",
        "must be an https:// address",
        [
            "http://ca.test",
            "https://",
            "https://ca.test/../..",
            "https://ca.test/a//b",
            "https://a b",
            "https://ca.test?x",
        ],
    ),
    (
        "nginx/address",
        "must be an IPv4 address such as 0.0.0.0",
        ["localhost", "", "::", "0.0.0", "127.0.0.1:80", "0.0.0.0/0"],
    ),
    ("network/name", "must be letters, digits, _, . and -, 63 at most", ["", "a b", "-a", "a;b", "a" * 64]),
]


@pytest.mark.parametrize(("path", "words", "values"), MALFORMED)
def test_a_text_of_the_wrong_form_has_its_own_error(path: str, words: str, values: list[Any]) -> None:
    for value in values:
        shown = f"{path}/0" if isinstance(value, list) else path
        assert mistakes({path: value}) == [f"{shown}: {words}"], value


@pytest.mark.parametrize(
    ("subnet", "words"),
    [
        ("8.8.8.0/24", "must be a private IPv4 network between /16 and /26"),
        ("127.0.0.0/24", "must be a private IPv4 network between /16 and /26"),
        ("203.0.113.0/24", "must be a private IPv4 network between /16 and /26"),
        ("10.0.0.0/8", "must be a private IPv4 network between /16 and /26"),
        ("172.30.0.0/27", "must be a private IPv4 network between /16 and /26"),
        ("172.30.0.1/24", "must be an IPv4 network such as 172.30.0.0/24"),
        ("172.30.0.0/33", "must be an IPv4 network such as 172.30.0.0/24"),
        ("fd00::/64", "must be an IPv4 network such as 172.30.0.0/24"),
        ("172.30.0.0/255.255.255.0", "must be written 172.30.0.0/24"),
        ("172.17.128.0/24", "must not overlap 172.17.0.0/16, the network of Docker's own bridge"),
    ],
)
def test_a_subnet_that_docker_or_the_addresses_cannot_use_is_refused(subnet: str, words: str) -> None:
    assert mistakes({"network/subnet": subnet}) == [f"network/subnet: {words}"]


def test_a_private_subnet_of_any_useful_size_is_accepted() -> None:
    for subnet in ("10.0.0.0/16", "172.16.0.0/16", "172.31.255.192/26", "192.168.0.0/16"):
        assert mistakes({"network/subnet": subnet}) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("203.0.113.7", "must be written 203.0.113.7/32"),
        ("203.0.113.7/24", "must be a network such as 203.0.113.7/32 or 2001:db8::/64"),
        ("2001:DB8::/64", "must be written 2001:db8::/64"),
        ("anywhere", "must be a network such as 203.0.113.7/32 or 2001:db8::/64"),
    ],
)
def test_ssh_allowed_from_is_written_as_hetzner_stores_it(source: str, words: str) -> None:
    assert mistakes_of(changed(FULL, {"host/ssh_allowed_from": [source]})) == [f"host/ssh_allowed_from/0: {words}"]


def test_a_service_whose_name_is_not_a_dns_label_is_refused() -> None:
    for name in ("Legal", "legal_app", "1legal", "-legal", "legal-", "a" * 41, "legal.app", ""):
        assert mistakes({f"services/{name}": SMALL["services"]["auth"]})[0] == (
            f"services/{name}: must be a DNS label: a-z, 0-9 and -, from a letter on, 40 at most"
        )


def test_a_name_of_the_platform_is_refused() -> None:
    own = ["postgres", "redis", "nginx", "certbot", "localhost"]
    for name in own:
        assert mistakes({"services/legal/names": [name]}) == [
            f"services/legal/names/0: must not be {name}, which belongs to the platform"
        ]
    for name in (*own, "platform", "database", "electric", "registry"):
        assert mistakes({f"services/{name}": SMALL["services"]["auth"]})[0] == (
            f"services/{name}: must not be {name}, which belongs to the platform"
        )
    for name in ("bridge", "host", "none", "default"):
        assert mistakes({"network/name": name}) == [f"network/name: must not be {name}, which belongs to the platform"]
    for name in ("postgres", "template0", "template1", "public", "none", "sertantai_health"):
        assert mistakes({"services/legal/database/name": name}) == [
            f"services/legal/database/name: must not be {name}, which belongs to the platform"
        ]
