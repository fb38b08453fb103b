"""Which services get Redis, and when a password is accepted and refused."""

import pytest
import yaml

from tests.components.declared import CONTAINER, ROOT, Program, plain


@pytest.fixture(scope="module")
def program() -> Program:
    """The local stack, where `auth` uses Redis, and `legal` too, with the operator's password."""
    services = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]["sertantai:services"]
    services["legal"]["redis"] = {}
    return Program.of("local", secrets={"legal_REDIS_PASSWORD": "an odd\npassword"}, services=services)


def environment(program: Program, container: str) -> dict[str, str]:
    pairs = plain(program.named(CONTAINER, container).inputs["envs"])
    return dict(pair.split("=", 1) for pair in pairs)


def test_only_services_with_redis_get_it_and_each_has_its_own_user(program: Program) -> None:
    given = {name: environment(program, f"{name}-app") for name in program.services}
    assert {name for name in given if "REDIS_URL" in given[name] or "REDIS_PREFIX" in given[name]} == {"auth", "legal"}
    assert given["legal"]["REDIS_URL"] == "redis://legal_app:an%20odd%0Apassword@redis:6379/0"
    assert given["auth"]["REDIS_URL"].startswith("redis://auth_app:")
    assert (given["legal"]["REDIS_PREFIX"], given["auth"]["REDIS_PREFIX"]) == ("legal:", "auth:")
    assert environment(program, "redis-server")["REDISCLI_AUTH"] not in str(given)


def test_no_service_of_production_uses_redis() -> None:
    production = Program.of("prod")
    apps = [container.name for container in production.all(CONTAINER) if container.name.endswith("-app")]
    assert apps
    assert not [name for name in apps if "REDIS_URL" in environment(production, name)]


def test_a_new_password_is_accepted_before_the_app_starts_and_the_old_one_refused_after_the_old_app(
    program: Program,
) -> None:
    accepted = program.step("auth-redis-acl")
    assert program.step("redis-ready").urn in program.after(accepted)
    for later in (program.step("auth-migrate"), program.named(CONTAINER, "auth-app")):
        assert accepted.urn in program.after(later), later.name
    assert program.step("auth-retire").urn in program.after(program.step("auth-redis-logins"))


def test_the_user_of_a_removed_service_is_removed_after_its_containers(program: Program) -> None:
    assert program.step("auth-redis-acl").urn in program.after(program.step("auth-cleanup"))


def test_a_release_without_redis_does_not_wait_for_it(program: Program) -> None:
    assert program.step("redis-ready").urn not in program.after(program.named(CONTAINER, "enforcement-app"))
