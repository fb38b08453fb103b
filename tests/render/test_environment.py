"""The environments of containers."""

from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from render import environment
from settings import Health, Service
from settings.variables import given_names
from tests.throwaway.box import on_host

ODD = "p@ss:w/ord?#[]% +é&=\\"
NOTHING: dict[str, Any] = {
    "port": 4000,
    "domain": None,
    "secret_key_base": "k" * 64,
    "database_url": None,
    "pool_size": None,
    "redis_url": None,
    "redis_prefix": None,
    "electric_url": None,
    "electric_secret": None,
    "read_urls": {},
    "calls": {},
    "env": {},
    "secrets": {},
}


def app(**changes: Any) -> dict[str, str]:
    return environment.app(**(NOTHING | changes))


def test_an_app_alone_has_few_variables() -> None:
    assert app() == {"PORT": "4000", "PHX_SERVER": "true", "SECRET_KEY_BASE": "k" * 64}


def test_an_app_has_the_addresses_of_all_its_parts() -> None:
    given = app(
        domain="legal.sertantai.com",
        database_url="postgresql://x",
        pool_size=10,
        redis_url="redis://x",
        redis_prefix="legal:",
        electric_url="http://legal-electric:3000",
        electric_secret="s3cr3t",
        read_urls={"case-law": "postgresql://y"},
        calls={"auth": 4001, "case-law": 4003},
    )
    assert given == app() | {
        "PHX_HOST": "legal.sertantai.com",
        "DATABASE_URL": "postgresql://x",
        "POOL_SIZE": "10",
        "REDIS_URL": "redis://x",
        "REDIS_PREFIX": "legal:",
        "ELECTRIC_URL": "http://legal-electric:3000",
        "ELECTRIC_SECRET": "s3cr3t",
        "CASE_LAW_DATABASE_URL": "postgresql://y",
        "AUTH_URL": "http://auth:4001",
        "CASE_LAW_URL": "http://case-law:4003",
    }


def test_the_stack_files_variables_come_last() -> None:
    given = app(
        domain="legal.sertantai.com", env={"PHX_HOST": "other", "A": "env", "B": "env"}, secrets={"B": "secret"}
    )
    assert (given["PHX_HOST"], given["A"], given["B"]) == ("other", "env", "secret")


def test_a_variable_of_the_stack_file_contains_others() -> None:
    env = {"OWN_DATABASE_URL": "${DATABASE_URL}", "REPORTS": "https://${PHX_HOST}:${PORT}/?key=${KEY}", "PLAIN": "a"}
    given = app(domain="legal.sertantai.com", database_url="postgresql://x", env=env, secrets={"KEY": "s3cr3t"})
    assert given["OWN_DATABASE_URL"] == "postgresql://x"
    assert given["REPORTS"] == "https://legal.sertantai.com:4000/?key=s3cr3t"
    assert given["PLAIN"] == "a"


def test_a_value_names_the_platforms_variable_not_the_one_that_replaces_it() -> None:
    given = app(domain="legal.sertantai.com", env={"PHX_HOST": "www.${PHX_HOST}", "OTHER": "${PHX_HOST}"})
    assert (given["PHX_HOST"], given["OTHER"]) == ("www.legal.sertantai.com", "legal.sertantai.com")


@pytest.mark.parametrize(
    ("value", "composed"),
    [
        ("$${A}", "${A}"),
        ("$${${A}}", "${1}"),
        ("$$${A}", "$${A}"),
        ("$A $$ {A} $", "$A $$ {A} $"),
        ("${A}${A}", "11"),
        ("${B}", "${A} \\1 $$"),
    ],
)
def test_a_doubled_dollar_is_a_literal_and_a_value_is_not_read_again(value: str, composed: str) -> None:
    variables = {"A": "1", "B": "${A} \\1 $$"}
    assert environment.compose({"KEY": value}, variables) == {"KEY": composed}


def test_a_value_that_contains_a_secret_is_secret() -> None:
    env = {"OWN": "jdbc:${DATABASE_URL}", "KEYED": "a-${KEY}", "ADDRESS": "${PHX_HOST}", "LITERAL": "$${KEY}"}
    given = app(domain="legal.sertantai.com", database_url="postgresql://x", env=env, secrets={"KEY": "s3cr3t"})
    secret = set(environment.secret_values(given, ["KEY"], env))
    assert secret == {"postgresql://x", "k" * 64, "s3cr3t", "jdbc:postgresql://x", "a-s3cr3t"}


SERVICES = {
    "bare": {},
    "with a domain": {"domain": "a.example.org"},
    "with a database": {"database": {"name": "a"}},
    "with Redis": {"redis": {}},
    "with Electric": {
        "database": {"name": "a"},
        "electric": {"image": "e", "access": {"kind": "app", "path": "/api/"}},
    },
    "that calls others": {"calls": ["auth", "case-law"]},
}


@pytest.mark.parametrize("block", SERVICES.values(), ids=SERVICES)
def test_the_names_in_the_settings_are_the_variables_that_the_app_gets(block: dict[str, Any]) -> None:
    calls = block.get("calls", [])
    service = Service.model_validate(
        {name: value for name, value in block.items() if name != "calls"} | {"app": {"image": "a", "calls": calls}}
    )
    given = app(
        domain=service.domain,
        database_url="x" if service.database else None,
        pool_size=service.database.pool_size if service.database else None,
        redis_url="x" if service.redis else None,
        redis_prefix="x" if service.redis else None,
        electric_url="x" if service.electric else None,
        electric_secret="x" if service.electric else None,
        calls=dict.fromkeys(calls, 4001),
    )
    assert sorted(given_names(service, "app")) == sorted(given)


def test_the_names_in_the_settings_are_the_variables_of_the_other_parts() -> None:
    service = Service.model_validate({"app": {"image": "a"}})
    assert given_names(service, "frontend") == [*environment.frontend(port=3000, env={})]
    electric = environment.electric(database_url="x", secret="s", stream_id="legal", pool_size=8, env={})
    assert given_names(service, "electric") == [*electric]


def test_a_frontend_has_its_port_and_no_secret() -> None:
    assert environment.frontend(port=3000, env={"ORIGIN": "https://x"}) == {"PORT": "3000", "ORIGIN": "https://x"}


def test_electric_has_its_own_stream_storage_and_limits() -> None:
    given = environment.electric(
        database_url="postgresql://x?sslmode=disable", secret="s3cr3t", stream_id="legal", pool_size=8, env={"A": "b"}
    )
    assert given == {
        "DATABASE_URL": "postgresql://x?sslmode=disable",
        "ELECTRIC_SECRET": "s3cr3t",
        "ELECTRIC_REPLICATION_STREAM_ID": "legal",
        "ELECTRIC_PORT": "3000",
        "ELECTRIC_DB_POOL_SIZE": "8",
        "ELECTRIC_TCP_READ_TIMEOUT": "120s",
        "ELECTRIC_SHAPE_DB_EXCLUSIVE_MODE": "true",
        "CLEANUP_REPLICATION_SLOTS_ON_SHUTDOWN": "false",
        "ELECTRIC_MAX_SHAPES": "1000",
        "A": "b",
    }


def test_an_operator_can_allow_more_shapes() -> None:
    env = {"ELECTRIC_MAX_SHAPES": "5000"}
    given = environment.electric(database_url="x", secret="s", stream_id="legal", pool_size=8, env=env)
    assert given["ELECTRIC_MAX_SHAPES"] == "5000"


def test_a_database_url_can_contain_any_password() -> None:
    url = urlsplit(environment.postgres_url("legal_1a2b", ODD, "legal_prod", "?sslmode=disable"))
    assert (url.scheme, url.username, url.hostname, url.port) == ("postgresql", "legal_1a2b", "postgres", 5432)
    assert url.password
    assert unquote(url.password) == ODD
    assert (url.path, url.query) == ("/legal_prod", "sslmode=disable")


def test_a_redis_url_can_contain_any_password() -> None:
    url = urlsplit(environment.redis_url("legal_app", ODD))
    assert url.username == "legal_app"
    assert url.password
    assert unquote(url.password) == ODD
    assert (url.hostname, url.port, url.path) == ("redis", 6379, "/0")


@pytest.mark.parametrize("tool", ["wget", "curl"])
def test_a_health_check_uses_the_tool_of_the_image(tool: str) -> None:
    command = environment.health_check(Health.model_validate({"path": "/ready", "tool": tool}), 4001)
    assert command[0] == tool
    assert command[-1] == "http://127.0.0.1:4001/ready"


@pytest.mark.parametrize(
    ("accepted", "body", "passes"),
    [
        (["active"], '{"status":"active"}', True),
        (["active"], '{"status": "active"}', True),
        (["active"], '{"status":"waiting"}', False),
        (["waiting", "active"], '{"status":"waiting"}', True),
        (["waiting", "active"], '{"status":"active"}', True),
        (["waiting", "active"], '{"status":"starting"}', False),
        (["waiting", "active"], "", False),
    ],
)
def test_electrics_health_check_reads_its_status_since_one_code_means_two(
    accepted: list[str], body: str, passes: bool
) -> None:
    (sh, c, script) = environment.electric_check(*accepted)
    assert (sh, c) == ("sh", "-c")
    assert on_host(f"curl() {{ printf %s '{body}'; }}\n{script}", interpreter=[sh, c]).ok == passes


def test_each_image_has_its_own_folder_for_its_shapes() -> None:
    reference = f"localhost:5050/sertantai/electric@sha256:{'53f94c8a1b2c' + 'd' * 52}"
    assert environment.electric_storage(reference) == "53f94c8a1b2c"
