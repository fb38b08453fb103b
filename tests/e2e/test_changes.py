"""The effect of a second run, a changed setting, a failed step and a stop on a running platform."""

import os
import signal
import subprocess
import time
import uuid

import pytest

from .foundation import eventually, inside, own, registry
from .platform import PATIENCE_S, REGISTRY, STACK, Platform
from .watching import Watching

pytestmark = [pytest.mark.e2e, pytest.mark.docker]
LEGAL, AUTH = "legal.localhost", "auth.localhost"
NOTES = {
    "domain": "notes.localhost",
    "database": {"name": "sertantai_notes_e2e", "extensions": ["citext", "uuid-ossp"]},
    "redis": {},
    "app": {
        "image": f"{REGISTRY}/sertantai/app:1",
        "port": 4003,
        "migrate": ["/app/bin/app", "eval", "App.Release.migrate"],
        "memory_mb": 256,
    },
}


def test_a_second_up_changes_nothing(platform: Platform) -> None:
    before = platform.ids()
    again = platform.up()
    assert again.ok, again.error
    assert not again.touched()
    assert platform.ids() == before


def test_a_preview_changes_nothing_and_shows_what_up_would_do(platform: Platform) -> None:
    before = platform.ids()
    platform.services["auth"]["app"]["env"] = {"GREETING": "hello"}
    shown = platform.run("preview")
    assert shown.ok, shown.error
    assert "auth-app" in shown.touched()
    assert not [name for name in shown.touched() if name.startswith(("legal", "enforcement", "postgres", "nginx"))]
    assert platform.ids() == before


def test_a_changed_setting_replaces_only_its_container_without_an_interruption(platform: Platform) -> None:
    before = platform.ids()
    platform.services["auth"]["app"]["env"] = {"GREETING": "hello"}
    with Watching(platform, AUTH) as clients:
        changed = platform.up()
    assert changed.ok, changed.error
    clients.serves()
    after = platform.ids()
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    assert [name.rpartition("-")[0] for name in gone] == ["auth-app"]
    assert [name.rpartition("-")[0] for name in new] == ["auth-app"]


def test_a_release_that_never_becomes_healthy_changes_nothing_for_users_and_shows_the_reason(
    platform: Platform,
) -> None:
    before = platform.ids()
    app = platform.services["auth"]["app"]
    app["env"] = {"FAIL": "unhealthy"}
    app["health"] = {"start_timeout_s": 3}
    bad = platform.up()
    assert not bad.ok
    assert "auth/app: not healthy after" in bad.error
    assert "Traceback" not in bad.error + bad.said
    assert platform.get(AUTH, "/api/version").status_code == 200
    assert before.items() <= platform.ids().items()
    platform.reset()
    good = platform.up()
    assert good.ok, good.error
    assert len(platform.containers(service="auth", part="app")) == 1


def test_a_container_that_dies_fails_its_gate_at_once_with_its_last_lines(platform: Platform) -> None:
    platform.services["auth"]["app"]["env"] = {"FAIL": "boot"}
    bad = platform.up()
    assert not bad.ok
    assert "auth/app: died" in bad.error
    assert platform.get(AUTH, "/api/version").status_code == 200


def test_a_failed_migration_leaves_the_old_release_serving(platform: Platform) -> None:
    platform.services["auth"]["app"]["env"] = {"FAIL": "migrate"}
    platform.sql("DELETE FROM schema_migrations WHERE version = 20240102000000", "sertantai_auth_local")
    before = platform.ids()
    bad = platform.up()
    assert not bad.ok
    assert "auth/migrate: failed" in bad.error
    assert platform.get(AUTH, "/api/version").status_code == 200
    assert platform.ids() == before
    platform.sql("DROP TABLE items", "sertantai_auth_local")


def test_a_service_is_added_as_one_block_and_removed_with_its_database_kept(platform: Platform) -> None:
    before = platform.ids()
    platform.services["notes"] = NOTES
    added = platform.up()
    assert added.ok, added.error
    for path in ("/api/version", "/api/redis"):
        assert platform.get("notes.localhost", path).status_code == 200
    assert before.items() <= platform.ids().items()
    assert {name.rpartition("-")[0] for name in platform.ids().keys() - before.keys()} == {"notes-app"}

    del platform.services["notes"]
    removed = platform.up()
    assert removed.ok, removed.error
    assert platform.ids() == before
    assert platform.sql("SELECT count(*) FROM pg_database WHERE datname = 'sertantai_notes_e2e'") == "1"
    assert "sertantai_notes_e2e is kept" in removed.said
    assert "notes_app" not in inside(platform, "redis", "redis-cli ACL LIST")
    assert inside(platform, "redis", "redis-cli EXISTS notes:asked").strip() == "1"
    inside(platform, "redis", "redis-cli DEL notes:asked")
    assert platform.sql("SELECT count(*) FROM pg_roles WHERE rolname ~ 'notes' AND rolcanlogin") == "0"
    nginx = platform.docker.containers.get(f"sertantai-{STACK}-nginx")
    assert nginx.exec_run("test -e /srv/nginx/sites/notes.conf").exit_code == 1


def test_a_new_password_creates_a_new_login_and_the_old_one_is_removed(platform: Platform) -> None:
    logins = "SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolname ~ '^sertantai_auth_local_[0-9a-f]{8}$'"
    before = platform.sql(logins)
    odd = "a 'quoted' $password\\"
    platform.config |= {"sertantai:auth_DATABASE_PASSWORD": odd, "sertantai:auth_REDIS_PASSWORD": odd}
    redis = own(platform, "redis").attrs["State"]["StartedAt"]
    changed = platform.up()
    assert changed.ok, changed.error
    assert platform.sql(logins) != before
    assert "," not in platform.sql(logins)
    assert platform.get(AUTH, "/ready").status_code == 200
    assert platform.get(AUTH, "/api/redis").status_code == 200
    (user,) = [line for line in inside(platform, "redis", "redis-cli ACL LIST").splitlines() if "auth_app" in line]
    assert user.count("#") == 1
    assert own(platform, "redis").attrs["State"]["StartedAt"] == redis


@pytest.mark.one_runner  # with the engine, tests/hetzner/test_prod.py
def test_down_and_up_keep_the_data(platform: Platform) -> None:
    key = str(uuid.uuid4())
    with platform.client(LEGAL) as client:
        assert client.post("/api/items", json={"key": key}).status_code == 200
    down = platform.run("down")
    assert down.ok, down.error
    assert platform.containers() == []
    up = platform.up()
    assert up.ok, up.error
    assert key in [item["key"] for item in platform.get(LEGAL, "/api/items").json()]


def test_a_second_up_at_the_same_time_names_the_owner_of_the_lock(platform: Platform) -> None:
    platform.services["auth"]["app"]["restart_generation"] = 1
    first = platform.begin()
    eventually(lambda: str(first.pid) in platform.runner.lock(), PATIENCE_S)
    os.killpg(first.pid, signal.SIGSTOP)  # so that it does not end before the second one begins
    try:
        second = platform.up()
    finally:
        os.killpg(first.pid, signal.SIGCONT)
    ended = platform.runner.ended(first)
    assert ended.ok, ended.error
    assert not second.ok
    assert str(first.pid) in second.error


def test_a_wrong_registry_password_is_reported_and_changes_nothing(platform: Platform) -> None:
    before = platform.ids()
    platform.config["sertantai:registry_token"] = "wrong"
    # The double accepts the password of its last set-up; one more run sets the right one again.
    double = registry(platform)
    bad = platform.run("preview")
    assert double.status == "running"
    assert not bad.ok
    assert "password" in bad.error or "bad credentials" in bad.error
    assert platform.ids() == before


LATE, EARLY = pytest.param(4.0, marks=pytest.mark.faults), pytest.param(0.8, marks=pytest.mark.faults)


@pytest.mark.parametrize("seconds", [EARLY, 2.0, LATE])
def test_the_next_up_continues_a_killed_one(platform: Platform, seconds: float) -> None:
    platform.services["legal"]["app"]["restart_generation"] = int(seconds * 10)
    process: subprocess.Popen[str] = platform.begin()
    time.sleep(seconds)
    platform.kill(process)
    assert platform.get(LEGAL, "/api/version").status_code == 200
    after = platform.up()
    assert after.ok, after.error
    assert platform.get(LEGAL, "/api/version").status_code == 200
    assert len(platform.containers(service="legal", part="app")) == 1
