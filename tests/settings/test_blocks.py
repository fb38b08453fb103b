"""Blocks that are missing, unknown or of the wrong kind."""

from typing import Any

import pytest

from settings import Settings, parse

from .stack import FULL, REMOVED, SECRETS, SMALL, changed, mistakes, mistakes_of


def test_the_small_stack_is_valid() -> None:
    assert mistakes_of(SMALL) == []


def test_the_full_stack_is_valid() -> None:
    assert mistakes_of(FULL) == []


def test_a_missing_setting_has_its_default() -> None:
    read = parse(SMALL)
    assert read.registry is None
    assert read.redis is None
    assert (read.network.name, read.network.subnet) == ("infra_network", "172.30.0.0/24")
    assert read.services["legal"].app.port == 4000
    frontend = read.services["legal"].frontend
    assert frontend
    assert (frontend.port, frontend.health.path) == (3000, "/")


def test_the_app_serves_a_site_without_routes_and_frontend() -> None:
    assert list(parse(SMALL).services["auth"].routes) == ["/"]


def test_the_frontend_serves_a_site_without_routes() -> None:
    assert not parse(changed(SMALL, {"services/legal/app/routes": REMOVED})).services["legal"].routes


def test_a_service_has_the_declared_parts() -> None:
    services = parse(SMALL).services
    assert list(services["legal"].parts()) == ["app", "frontend", "electric"]
    assert list(services["auth"].parts()) == ["app"]


@pytest.mark.parametrize("block", ["host", "acme", "postgres", "nginx"])
def test_a_missing_required_block_is_reported(block: str) -> None:
    assert mistakes({block: REMOVED}) == [f"{block}: is missing"]


@pytest.mark.parametrize("services", [REMOVED, {}, [], "legal", None])
def test_a_stack_without_services_is_refused(services: Any) -> None:
    assert mistakes({"services": services}) == ["services: must name at least one service"]


def test_an_empty_stack_reports_every_required_block() -> None:
    assert mistakes_of({}) == [
        *(f"{block}: is missing" for block in ("host", "acme", "postgres", "nginx")),
        "services: must name at least one service",
    ]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("services/legal/app", "is missing"),
        ("services/legal/app/image", "is missing"),
        ("services/legal/database/name", "is missing; or name the service whose database it uses: of"),
        ("services/legal/electric/access", "is missing"),
        ("services/legal/electric/access/kind", "must be chosen: kind is missing"),
        ("services/legal/electric/access/shapes", "is missing"),
        ("acme/email", "is missing"),
        ("host/kind", "must be chosen: kind is missing"),
    ],
)
def test_a_missing_required_setting_is_reported(path: str, words: str) -> None:
    shown = path.removesuffix("/kind")
    assert mistakes({path: REMOVED}) == [f"{shown}: {words}"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("postgrse", "is not a known setting; did you mean postgres?"),
        ("services/legal/fronted", "is not a known setting; did you mean frontend?"),
        ("services/legal/app/memory", "is not a known setting; did you mean memory_mb?"),
        ("services/legal/app/health/sucesses", "is not a known setting; did you mean successes?"),
        ("services/legal/electric/access/shape", "is not a known setting; did you mean shapes?"),
        ("services/legal/app/qqqqqq", "is not a known setting; remove it"),
        ("services/legal/app/stream_id", "is not a known setting here; move it to the block that it belongs to"),
    ],
)
def test_an_unknown_setting_is_named_with_a_similar_one(path: str, words: str) -> None:
    assert mistakes({path: 1}) == [f"{path}: {words}"]


@pytest.mark.parametrize("path", ["host", "postgres", "services/legal", "services/legal/app", "services/legal/app/env"])
@pytest.mark.parametrize("value", ["local", 1, None, ["local"]])
def test_an_empty_block_is_refused(path: str, value: Any) -> None:
    assert mistakes({path: value}) == [f"{path}: must be a block of settings"]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("services/legal/app/env", {"A": 2}, "/A: must be text; put it in quotes"),
        ("services/legal/app/env", {"A": True}, "/A: must be text; put it in quotes"),
        ("services/legal/app/env", {"A": None}, "/A: must be text; put it in quotes"),
        ("services/legal/domain", 7, ": must be text; put it in quotes"),
        ("services/legal/app/migrate", ["/bin/app", 1], "/1: must be text; put it in quotes"),
        ("services/legal/app/port", "4000", ": must be a valid integer"),
        ("services/legal/app/port", True, ": must be a valid integer"),
        ("services/legal/app/port", 4000.0, ": must be a valid integer"),
        ("services/legal/app/read_only", "yes", ": must be a valid boolean"),
        ("services/legal/app/routes", "/api/", ": must be a valid list"),
        ("services/legal/app/build", {"context": ".", "args": {"A": 1}}, "/args/A: must be text; put it in quotes"),
        ("services/legal/app/build", {"dockerfile": "Dockerfile"}, "/context: is missing"),
        ("services/legal/app/command", "/app/bin/server", ": must be a valid list"),
        ("services/legal/app/health/tool", "nc", ": must be 'wget' or 'curl'"),
    ],
)
def test_no_value_is_converted_to_another_type(path: str, value: Any, words: str) -> None:
    assert mistakes({path: value}) == [path + words]


@pytest.mark.parametrize("number", [1, True, None])
def test_the_name_of_a_service_is_text(number: Any) -> None:
    assert mistakes_of(SMALL | {"services": {number: SMALL["services"]["legal"]}}) == [
        f"services/{number}: must be text; put it in quotes"
    ]


@pytest.mark.parametrize(
    ("path", "kinds"), [("host", "'local', 'ssh', 'hetzner'"), ("services/legal/electric/access", "'public', 'app'")]
)
def test_an_unknown_kind_is_refused(path: str, kinds: str) -> None:
    assert mistakes({f"{path}/kind": "other"}) == [f"{path}: kind must be one of {kinds}"]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("services/legal/app/port", 0, "must be greater than or equal to 1024"),
        ("services/legal/app/port", 80, "must be greater than or equal to 1024"),
        ("services/legal/app/port", 70000, "must be less than or equal to 65535"),
        ("services/legal/app/port", 8999, "must not be 8999, where the gateway's own health check listens"),
        ("nginx/http_port", 0, "must be greater than or equal to 1"),
        ("nginx/https_port", 70000, "must be less than or equal to 65535"),
        ("services/legal/app/memory_mb", 15, "must be greater than or equal to 16"),
        ("services/legal/app/drain_s", 0, "must be greater than or equal to 1"),
        ("services/legal/app/health/successes", 0, "must be greater than or equal to 1"),
        ("services/legal/body_mb", 0, "must be greater than or equal to 1"),
        ("services/legal/app/restart_generation", -1, "must be greater than or equal to 0"),
        ("services/legal/electric/pool_size", 1, "must be greater than or equal to 2"),
        ("postgres/max_replication_slots", 9, "must be greater than or equal to 10"),
    ],
)
def test_a_number_out_of_its_bounds_is_refused(path: str, value: int, words: str) -> None:
    assert mistakes({path: value}) == [f"{path}: {words}"]


@pytest.mark.parametrize("time", ["24:00", "5:30", "05:60", "05:30:00", "now"])
def test_an_impossible_time_of_day_is_refused(time: str) -> None:
    assert mistakes_of(changed(FULL, {"host/reboot_at": time})) == [
        "host/reboot_at: must be a time of day such as 05:30"
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("services/legal/app/migrate", []),
        ("services/legal/app/command", []),
        ("services/legal/app/command/0", ""),
        ("services/legal/frontend/command", []),
        ("services/legal/electric/access/shapes", {}),
        ("services/legal/electric/access/shapes/laws/columns", []),
        ("host/ssh_allowed_from", []),
        ("host/authorized_keys", {}),
        ("services/legal/app/migrate/0", ""),
    ],
)
def test_a_required_name_may_not_be_empty(path: str, value: Any) -> None:
    assert mistakes_of(changed(FULL, {path: value})) == [f"{path}: must not be empty"]


def test_a_stack_is_frozen_once_it_is_read() -> None:
    read: Settings = parse(FULL, SECRETS)
    with pytest.raises(ValueError, match="frozen"):
        read.postgres.memory_mb = 1
