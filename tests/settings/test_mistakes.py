"""What services cannot share, what a service cannot set, and how mistakes are reported."""

from typing import Any

import pytest

from settings import Mistakes, parse

from .stack import FULL, REMOVED, SECRETS, SMALL, changed, mistakes, mistakes_of

LEGAL = "services/legal"
AUTH = "services/auth"
ELECTRIC = {
    "image": "electricsql/electric:1.7.12",
    "access": {"kind": "app", "path": "/api/electric/"},
    "memory_mb": 64,
}


def test_two_services_cannot_have_the_same_domain() -> None:
    assert mistakes({f"{AUTH}/domain": "legal.sertantai.com"}) == [
        f"{AUTH}/domain: the domain legal.sertantai.com is taken by {LEGAL}/domain; choose another"
    ]


def test_two_services_cannot_have_the_same_database() -> None:
    assert mistakes({f"{AUTH}/database/name": "legal_prod"}) == [
        f"{AUTH}/database/name: the database legal_prod is taken by {LEGAL}/database/name; choose another"
    ]


@pytest.mark.parametrize("name", ["legal_prod_owner", "legal_prod_electric"])
def test_a_database_named_like_another_services_role_is_refused(name: str) -> None:
    (line,) = mistakes({"services/auth/database/name": name})
    assert line == f"{AUTH}/database/name: the database {name} is taken by {LEGAL}/database/name; choose another"


def test_two_services_cannot_have_the_same_stream_id() -> None:
    assert mistakes({f"{LEGAL}/electric/stream_id": "one", f"{AUTH}/electric": {**ELECTRIC, "stream_id": "one"}}) == [
        f"{AUTH}/electric/stream_id: the stream id one is taken by {LEGAL}/electric/stream_id; choose another"
    ]


def test_a_stream_id_that_is_another_services_default_is_refused() -> None:
    assert mistakes({f"{AUTH}/electric": {**ELECTRIC, "stream_id": "legal"}}) == [
        f"{AUTH}/electric/stream_id: the stream id legal is taken by {LEGAL}/electric/stream_id; choose another"
    ]


def test_a_default_stream_id_has_no_dash_and_can_collide_with_a_declared_one() -> None:
    other = {**SMALL["services"]["auth"], "electric": ELECTRIC, "domain": "b.com", "database": {"name": "b"}}
    assert mistakes({f"{LEGAL}/electric/stream_id": "case_law", "services/case-law": other}) == [
        "services/case-law/electric/stream_id: the stream id case_law is taken by "
        f"{LEGAL}/electric/stream_id; choose another"
    ]


def test_two_services_cannot_have_the_same_stable_name() -> None:
    assert mistakes({f"{LEGAL}/names": ["app"], f"{AUTH}/names": ["other", "app"]}) == [
        f"{AUTH}/names/1: the name app is taken by {LEGAL}/names/0; choose another"
    ]


def test_a_stable_name_cannot_be_declared_twice() -> None:
    assert mistakes({f"{LEGAL}/names": ["app", "app"]}) == [
        f"{LEGAL}/names/1: the name app is taken by {LEGAL}/names/0; choose another"
    ]


@pytest.mark.parametrize("name", ["auth", "legal"])
def test_a_stable_name_that_is_a_services_name_is_refused(name: str) -> None:
    assert mistakes({f"{LEGAL}/names": [name]}) == [
        f"{LEGAL}/names/0: the name {name} is taken by services/{name}; choose another"
    ]


def test_a_stable_name_that_is_an_electrics_name_is_refused() -> None:
    assert mistakes({f"{AUTH}/names": ["legal-electric"]}) == [
        f"{AUTH}/names/0: the name legal-electric is taken by {LEGAL}/electric; choose another"
    ]


def test_a_service_named_like_another_services_electric_is_refused() -> None:
    other = {"app": {"image": "a", "memory_mb": 64}}
    assert mistakes({"services/legal-electric": other}) == [
        f"{LEGAL}/electric: the name legal-electric is taken by services/legal-electric; choose another"
    ]
    assert mistakes({"services/auth-electric": other}) == []


def test_names_with_dash_and_with_underscore_are_different() -> None:
    assert mistakes({f"{LEGAL}/names": ["legal-app", "legal_app"]}) == []


def test_a_call_to_an_unknown_service_is_refused() -> None:
    assert mistakes({f"{LEGAL}/app/calls": ["auth", "billing"]}) == [
        f"{LEGAL}/app/calls/1: there is no service billing; name one of the services"
    ]


def test_a_call_to_itself_is_refused() -> None:
    assert mistakes({f"{LEGAL}/app/calls": ["legal"]}) == [f"{LEGAL}/app/calls/0: is the service itself; remove it"]


def test_a_call_to_a_service_with_a_mistake_is_no_second_mistake() -> None:
    assert mistakes({f"{LEGAL}/app/calls": ["auth"], f"{AUTH}/app/port": 1}) == [
        f"{AUTH}/app/port: must be greater than or equal to 1024"
    ]


@pytest.mark.parametrize("part", ["app", "electric"])
@pytest.mark.parametrize("name", ["ELECTRIC_SLOT_NAME", "ELECTRIC_PUBLICATION_NAME"])
def test_variables_without_effect_in_electric_are_refused(part: str, name: str) -> None:
    assert mistakes({f"{LEGAL}/{part}/env": {name: "x"}}) == [
        f"{LEGAL}/{part}/env/{name}: does nothing in Electric; set stream_id instead"
    ]


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("PORT", "change port"),
        ("DATABASE_URL", "change ../database"),
        ("POOL_SIZE", "change ../database/pool_size"),
        ("SECRET_KEY_BASE", "set the config secret <service>_SECRET_KEY_BASE"),
        ("REDIS_URL", "declare ../redis"),
        ("REDIS_PREFIX", "declare ../redis"),
        ("ELECTRIC_SECRET", "set the config secret <service>_ELECTRIC_SECRET"),
        ("ELECTRIC_REPLICATION_STREAM_ID", "change stream_id"),
        ("ELECTRIC_DB_POOL_SIZE", "change pool_size"),
        ("ELECTRIC_INSECURE", "choose access"),
        ("ELECTRIC_STORAGE_DIR", "remove it"),
        ("ELECTRIC_PORT", "remove it"),
    ],
)
@pytest.mark.parametrize("part", ["app", "electric"])
def test_variables_of_the_platform_cannot_be_set(part: str, name: str, instead: str) -> None:
    assert mistakes({f"{LEGAL}/{part}/env": {name: "x"}}) == [
        f"{LEGAL}/{part}/env/{name}: is given by the platform; {instead} instead"
    ]


@pytest.mark.parametrize("name", ["PATH", "HOME", "DOCKER_HOST", "LD_PRELOAD"])
def test_variables_of_the_docker_client_cannot_be_set(name: str) -> None:
    assert mistakes({f"{LEGAL}/app/env": {name: "x"}}) == [
        f"{LEGAL}/app/env/{name}: belongs to the Docker client that starts migrations; choose another name"
    ]


def test_a_service_that_uses_an_undeclared_redis_is_refused() -> None:
    asked: dict[str, object] = {"services/auth/redis": {}}
    assert mistakes(asked) == ["services/auth/redis: there is no Redis; declare sertantai:redis"]
    assert mistakes({**asked, "redis": {"image": "redis:8", "memory_mb": 64}}) == []


def test_the_gateways_two_ports_must_differ() -> None:
    assert mistakes({"nginx/http_port": 8080, "nginx/https_port": 8080}) == [
        "nginx/https_port: is http_port too (8080); choose another"
    ]


@pytest.mark.parametrize(("name", "port"), [("http", 80), ("https", 443)])
def test_a_server_publishes_the_ports_that_its_firewall_opens(name: str, port: int) -> None:
    assert mistakes_of(changed(FULL, {f"nginx/{name}_port": 8080})) == [
        f"nginx/{name}_port: the server's firewall opens {port} alone; leave it at {port}"
    ]


TEN: dict[str, Any] = {
    "nginx/memory_mb": "s3cr3t",
    "postgres": REMOVED,
    "acme/emial": "s3cr3t",
    "network": "s3cr3t",
    "redis": {"image": "s3cr3t S3CR3T"},
    "services/legal/app/secret": "s3cr3t",
    "services/legal/app/env": {"TOKEN": 7},
    "services/legal/electric/access": {"kind": "s3cr3t"},
    "services/auth/domain": "s3cr3t S3CR3T",
    "s3rvices": "s3cr3t",
}


def test_ten_mistakes_are_ten_lines_at_once_path_first() -> None:
    lines = mistakes(TEN)
    assert sorted(line.split(": ")[0] for line in lines) == sorted([
        "nginx/memory_mb", "postgres", "acme/emial", "network", "redis/image", "services/legal/app/secret",
        "services/legal/app/env/TOKEN", "services/legal/electric/access", "services/auth/domain", "s3rvices",
    ])  # fmt: skip


def test_no_line_repeats_a_value() -> None:
    with pytest.raises(Mistakes) as caught:
        parse(changed(SMALL, TEN), ())
    assert "s3cr3t" not in str(caught.value).lower()


def test_a_key_with_a_newline_does_not_break_its_line() -> None:
    (line,) = mistakes({"services/legal/app/env": {"A\nB": "x"}})
    assert line.startswith("services/legal/app/env/A\\nB: ")


def test_a_mistake_in_one_service_does_not_hide_those_of_another() -> None:
    lines = mistakes({f"{LEGAL}/app/port": 1, f"{AUTH}/app/calls": ["auth"], "nginx/http_port": 0})
    assert {line.split(": ")[0] for line in lines} == {f"{LEGAL}/app/port", f"{AUTH}/app/calls/0", "nginx/http_port"}


def test_the_secrets_of_the_full_stack_are_all_its_secrets() -> None:
    assert mistakes_of(FULL, SECRETS) == []
    assert len(mistakes_of(FULL, ())) == len(SECRETS)


def test_an_adopted_server_needs_its_host_key() -> None:
    [line] = mistakes_of(changed(FULL, {"host/host_key": REMOVED}))
    assert line.startswith("host/host_key: is missing; name the adopted server's own")


def test_records_are_created_for_a_server_at_hetzner_alone() -> None:
    [line] = mistakes({"dns": {"zone": "sertantai.com"}})
    assert line.startswith("dns: records are made for a server at Hetzner alone")


def test_a_restore_without_a_database_is_refused() -> None:
    changes = {f"{AUTH}/database": REMOVED, f"{AUTH}/restore": {"dump": "dumps/auth.dump"}}
    assert mistakes(changes) == [f"{AUTH}/restore: there is no database to put the dump into; declare {AUTH}/database"]


@pytest.mark.parametrize(
    ("block", "mistake"),
    [
        ({}, "dump: is missing"),
        ({"dump": "a\nb"}, "dump: must be a plain path such as dumps/legal.dump, 200 at most"),
        ({"dump": "a" * 201}, "dump: must be a plain path such as dumps/legal.dump, 200 at most"),
        ({"dump": "a", "expect": {"uk_lrt": -1}}, "expect/uk_lrt: must be greater than or equal to 0"),
        ({"dump": "a", "expect": {"uk_lrt": "many"}}, "expect/uk_lrt: must be a valid integer"),
        ({"dump": "a", "replase": True}, "replase: is not a known setting; did you mean replace?"),
    ],
)
def test_a_mistake_in_a_restore_has_its_path(block: dict[str, object], mistake: str) -> None:
    assert mistakes({f"{LEGAL}/restore": block}) == [f"{LEGAL}/restore/{mistake}"]
