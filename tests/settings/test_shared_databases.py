"""A database that another service uses or reads: what a block may say, and who uses which."""

from typing import Any

import pytest

from settings import parse, readers, sharers

from .stack import REMOVED, SMALL, changed, mistakes, mistakes_of

HUB = "services/hub"


def hub(**database: Any) -> dict[str, Any]:
    """Adds a service with this database."""
    return {HUB: {"database": database, "app": {"image": "ghcr.io/owner/hub:1", "memory_mb": 64}}}


ELECTRIC = SMALL["services"]["legal"]["electric"] | {"access": {"kind": "app", "path": "/"}}
ROOM = {"postgres/max_connections": 1000}


def test_a_service_may_use_another_ones_database_and_read_a_third() -> None:
    changes = {**hub(of="legal", reads=["auth"]), f"{HUB}/domain": "hub.com", f"{HUB}/electric": ELECTRIC, **ROOM}
    assert mistakes(changes) == []
    services = parse(changed(SMALL, changes)).services
    assert services["hub"].database
    assert services["hub"].database.name == "legal_prod"
    assert (sharers("legal", services), sharers("auth", services)) == (["hub"], [])
    assert (readers("auth", services), readers("legal", services), readers("hub", services)) == (["hub"], [], [])


def test_a_shared_database_has_the_extensions_of_its_owner_whoever_creates_it() -> None:
    own = {"services/legal/database/extensions": ["uuid-ossp", "citext"]}
    services = parse(changed(SMALL, {**hub(of="legal", extensions=["citext", "pg_trgm"]), **own, **ROOM})).services
    assert services["hub"].database
    assert services["hub"].database.extensions == ["uuid-ossp", "citext", "pg_trgm"]


def test_the_readers_of_a_database_are_those_of_all_services_on_it() -> None:
    services = parse(changed(SMALL, {**hub(of="legal"), "services/auth/database/reads": ["legal"], **ROOM})).services
    assert readers("hub", services) == readers("legal", services) == ["auth"]


@pytest.mark.parametrize("key", ["of", "reads"])
@pytest.mark.parametrize(
    ("owner", "changes", "words"),
    [
        ("billing", {}, "there is no service billing; name one of the services"),
        ("hub", {}, "is the service itself; remove it"),
        (
            "auth",
            {"services/auth/database": REMOVED},
            "auth has no database; declare services/auth/database, or name another service",
        ),
        (
            "auth",
            {"services/auth/database": {"of": "legal"}},
            "auth has no database of its own, it uses that of legal; name legal",
        ),
    ],
)
def test_only_another_service_with_a_database_of_its_own_can_be_named(
    key: str, owner: str, changes: dict[str, Any], words: str
) -> None:
    block = {"of": owner} if key == "of" else {"name": "hub_prod", "reads": [owner]}
    path = f"{HUB}/database/of" if key == "of" else f"{HUB}/database/reads/0"
    assert mistakes({**hub(**block), **changes, **ROOM}) == [f"{path}: {words}"]


def test_the_owner_of_a_used_database_cannot_be_removed() -> None:
    stack = changed(SMALL, {**hub(of="legal"), "services/legal": REMOVED})
    assert mistakes_of(stack) == [f"{HUB}/database/of: there is no service legal; name one of the services"]


def test_an_owner_with_a_mistake_is_no_second_mistake() -> None:
    changes = {**hub(of="legal", reads=["auth"]), "services/legal/app/port": 1, "services/auth/app/port": 1, **ROOM}
    assert {line.partition(": ")[0] for line in mistakes(changes)} == {
        "services/legal/app/port",
        "services/auth/app/port",
    }


def test_a_database_is_its_own_or_another_services() -> None:
    assert mistakes({**hub(name="hub_prod", of="legal"), **ROOM}) == [
        f"{HUB}/database/name: is given next to of, which is another service's database; keep one of the two"
    ]
    assert mistakes(hub()) == [f"{HUB}/database/name: is missing; or name the service whose database it uses: of"]


def test_a_restore_is_declared_at_the_databases_owner() -> None:
    assert mistakes({**hub(of="legal"), f"{HUB}/restore": {"dump": "dumps/legal.dump"}, **ROOM}) == [
        f"{HUB}/restore: the database is that of legal; declare it at services/legal/restore"
    ]


def test_a_service_does_not_read_the_database_that_it_uses() -> None:
    assert mistakes({**hub(of="legal", reads=["legal"]), **ROOM}) == [
        f"{HUB}/database/reads/0: the service uses the database of legal already; remove it"
    ]


def test_a_database_is_read_once() -> None:
    assert mistakes({**hub(name="hub_prod", reads=["auth", "auth"]), **ROOM}) == [
        f"{HUB}/database/reads/1: auth is named twice; remove one of the two"
    ]


@pytest.mark.parametrize("block", ["env", "secrets"])
def test_the_variable_of_a_read_database_cannot_be_set(block: str) -> None:
    given = {"env": {"AUTH_DATABASE_URL": "x"}, "secrets": ["AUTH_DATABASE_URL"]}
    changes = {
        **hub(name="hub_prod", reads=["auth"]),
        f"{HUB}/app/{block}": given[block],
        "hub_AUTH_DATABASE_URL": "x",
        **ROOM,
    }
    if block == "env":
        del changes["hub_AUTH_DATABASE_URL"]
    assert mistakes(changes) == [
        f"{HUB}/app/{block}/AUTH_DATABASE_URL: is given by the platform, since ../database/reads names auth; "
        "remove one of the two"
    ]


def test_the_address_of_a_called_service_may_not_have_the_same_variable() -> None:
    called = {"app": {"image": "a", "memory_mb": 64}}
    changes = {
        **hub(name="hub_prod", reads=["auth"]),
        f"{HUB}/app/calls": ["auth-database"],
        "services/auth-database": called,
        **ROOM,
    }
    assert mistakes(changes) == [
        f"{HUB}/app/calls/0: its address would be AUTH_DATABASE_URL, which is the URL of the database of auth; "
        "remove one of the two"
    ]


def test_the_logins_of_a_sharer_and_of_a_reader_count_as_connections() -> None:
    app = 3 * 10 + 5

    def needed(changes: dict[str, Any]) -> int:
        return next(n for n in range(20, 2000) if not mistakes({**changes, "postgres/max_connections": n}))

    alone = needed({})
    assert needed(hub(of="legal")) == alone + app
    assert needed(hub(of="legal", reads=["auth"])) == alone + 2 * app


def test_the_electric_of_a_sharer_needs_slots() -> None:
    changes = {**hub(of="legal"), f"{HUB}/domain": "hub.com", f"{HUB}/electric": ELECTRIC, **ROOM}
    more = {f"services/s{n}": {**changes[HUB], "domain": f"s{n}.com", "electric": ELECTRIC} for n in range(3)}
    said = mistakes({**changes, **more, "postgres/max_replication_slots": 10})
    assert said == ["postgres/max_replication_slots: 5 Electrics need 14; raise it from 10"]
