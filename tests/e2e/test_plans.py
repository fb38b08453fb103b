"""What only the engine can show: its plans, its state, and its dependencies."""

import pytest

from .plans import CHANGES, Change
from .platform import OTHER_SUBNET, STACK, Platform
from .runner import Engine

pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.engine]
LEGAL, AUTH = "legal.localhost", "auth.localhost"


@pytest.fixture
def engine(platform: Platform) -> Engine:
    if not isinstance(platform.runner, Engine):
        pytest.skip("the engine's own judgement: not the rehearsal's")
    return platform.runner


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.path)
def test_a_changed_setting_has_exactly_this_plan(platform: Platform, engine: Engine, change: Change) -> None:
    change.apply(platform.config)
    platform.write()
    shown = engine.run("preview")
    platform.reset()
    assert shown.ok, shown.error
    assert {what: set(names) for what, names in shown.changes.items()} == change.plan()


def test_a_command_that_is_taken_back_is_a_new_container(platform: Platform, engine: Engine) -> None:
    platform.services["auth"]["app"]["command"] = ["/app/bin/app", "start"]
    added = platform.up()
    assert added.ok, added.error
    del platform.services["auth"]["app"]["command"]
    platform.write()
    shown = engine.run("preview")
    assert shown.ok, shown.error
    # Before the assertion, so that the platform is reverted whatever it says.
    platform.services["auth"]["app"]["command"] = ["/app/bin/app", "start"]
    assert set(shown.changes["replace"]) == {"auth-app"}


def test_three_previews_with_refresh_in_a_row_are_empty(platform: Platform, engine: Engine) -> None:
    platform.write()
    for _ in range(3):
        shown = engine.run("preview", refresh=True)
        assert shown.ok, shown.error
        assert not shown.touched()


def test_no_secret_is_in_the_state_in_plain_text(platform: Platform, engine: Engine) -> None:
    environments = [
        container.attrs["Config"]["Env"]
        for container in platform.containers()
        if container.labels["sertantai.part"] in ("app", "electric", "postgres", "redis")
    ]
    values = {pair.partition("=") for environment in environments for pair in environment}
    secrets = {
        value
        for name, _, value in values
        if name
        in ("SECRET_KEY_BASE", "ELECTRIC_SECRET", "DATABASE_URL", "POSTGRES_PASSWORD", "REDISCLI_AUTH", "REDIS_URL")
    }
    assert len(secrets) > 8
    state = "".join(file.read_text(errors="replace") for file in engine.state.rglob("*.json"))
    for secret in secrets:
        password = secret.rpartition("@")[0].rpartition(":")[2] or secret
        assert password not in state


def test_one_service_is_released_alone_by_its_target(platform: Platform, engine: Engine) -> None:
    platform.services["auth"]["app"]["restart_generation"] = 1
    platform.services["legal"]["app"]["env"] = {"FAIL": "boot"}
    platform.write()
    before = platform.ids()
    target = [urn for urn in engine.urns() if "::auth" in urn or urn.endswith("::docker")]
    alone = engine.run("up", target=target)
    assert alone.ok, alone.error
    changed = before.keys() ^ platform.ids().keys()
    assert {name.rpartition("-")[0] for name in changed} == {"auth-app"}
    assert platform.get(AUTH, "/api/version").status_code == 200


def test_a_broken_service_does_not_stop_the_release_of_others(platform: Platform, engine: Engine) -> None:
    platform.services["auth"]["app"]["restart_generation"] = 2
    platform.services["legal"]["app"]["env"] = {"FAIL": "boot"}
    platform.write()
    before = platform.ids()
    broken = engine.run("up", continue_on_error=True)
    assert not broken.ok
    assert "legal/app: died" in broken.error
    after = platform.ids()
    assert [name for name in before if name.startswith("legal-")] == [
        name for name in before if name.startswith("legal-") and name in after
    ]
    assert not [name for name in before if name.startswith("auth-app") and name in after]
    assert platform.get(LEGAL, "/api/version").status_code == 200
    assert platform.get(AUTH, "/api/version").status_code == 200


def test_secrets_that_are_set_then_generated_then_set_again_change_only_their_service(
    platform: Platform, engine: Engine
) -> None:
    before = platform.ids()
    platform.config["sertantai:auth_SECRET_KEY_BASE"] = "k" * 64
    given = platform.up()
    assert given.ok, given.error
    del platform.config["sertantai:auth_SECRET_KEY_BASE"]
    generated = platform.up()
    assert generated.ok, generated.error
    platform.config["sertantai:auth_SECRET_KEY_BASE"] = "k" * 64
    again = platform.up()
    assert again.ok, again.error
    changed = before.keys() ^ platform.ids().keys()
    assert {name.rpartition("-")[0] for name in changed} == {"auth-app"}
    assert platform.get(AUTH, "/ready").status_code == 200


def test_another_network_moves_everything_and_the_old_one_is_removed(platform: Platform, engine: Engine) -> None:
    old = platform.config["sertantai:network"]["name"]
    platform.config["sertantai:network"] = {"name": f"{old}_next", "subnet": OTHER_SUBNET}
    moved = platform.up()
    assert moved.ok, moved.error
    assert platform.get(LEGAL, "/api/call/auth").status_code == 200
    assert not platform.docker.networks.list(names=[f"^{old}$"])


def test_another_subnet_under_the_same_name_is_refused_before_anything_changes(
    platform: Platform, engine: Engine
) -> None:
    before = platform.ids()
    platform.config["sertantai:network"]["subnet"] = OTHER_SUBNET
    refused = platform.up()
    assert not refused.ok
    assert "already exists" in refused.error
    assert platform.ids() == before
    assert platform.get(LEGAL, "/health").status_code == 200


def test_a_changed_postgres_keeps_its_data_and_nothing_else_is_replaced(platform: Platform, engine: Engine) -> None:
    before = platform.ids()
    with platform.client(LEGAL) as client:
        key = client.post("/api/items", json={"body": "before"}).json()["key"]
    platform.config["sertantai:postgres"]["max_connections"] = 310
    changed = platform.up()
    assert changed.ok, changed.error
    assert platform.sql("SHOW max_connections") == "310"
    assert key in [item["key"] for item in platform.get(LEGAL, "/api/items").json()]
    after = platform.ids()
    assert {name for name in before if before[name] != after.get(name)} == {f"sertantai-{STACK}-postgres"}
