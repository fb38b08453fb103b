"""Changes by hand on the server: `status` and `preview` name them, `up` corrects them, nothing else changes."""

import json
from typing import Any

import pytest

from cli.status.status_drift import drift
from render.declared import declared
from settings import StackFile, parse
from tests.throwaway.calling import call
from tests.waiting import eventually

from .foundation import drop_slot
from .platform import PATIENCE_S, STACK, Platform

pytestmark = [pytest.mark.e2e, pytest.mark.docker]
LEGAL, AUTH, ENFORCEMENT = "legal.localhost", "auth.localhost", "enforcement.localhost"


def corrected(platform: Platform) -> set[str]:
    """Returns the steps that a preview names, once `up` has corrected everything and the next one changes nothing."""
    shown = platform.run("preview")
    assert shown.ok, shown.error
    up = platform.up()
    assert up.ok, up.error
    again = platform.up()
    assert again.ok, again.error
    assert not again.touched(), again.changes
    return shown.touched()


def status(platform: Platform) -> dict[str, Any]:
    """Returns what `status` sees, with the drift."""
    file = StackFile(name=platform.stack, values=platform.config)
    said = call("status", platform.stack, inputs=declared(parse(file.project_values())))
    assert said.ok, said.error
    seen = json.loads(said.out)
    return {**seen, "drift": drift(seen), "problems": {each["key"] for each in seen["problems"]}}


def is_good(platform: Platform) -> bool:
    seen = status(platform)
    return not seen["problems"] and not seen["drift"]


def on_gateway(platform: Platform, script: str) -> None:
    code, output = platform.docker.containers.get(f"sertantai-{STACK}-nginx").exec_run(["sh", "-c", script])
    assert code == 0, output


def test_a_container_that_was_stopped_is_started_again_and_no_other_service_is_touched(platform: Platform) -> None:
    eventually(lambda: is_good(platform), PATIENCE_S)
    [container] = platform.containers(service="auth", part="app")
    container.stop()
    eventually(lambda: status(platform)["problems"] == {"auth/app/exited"})
    named = corrected(platform)
    assert "auth-app" in named
    assert not [name for name in named if not name.startswith("auth-")]
    assert len(platform.containers(service="auth", part="app")) == 1
    assert platform.get(AUTH, "/api/version").status_code == 200


def test_a_container_that_was_stopped_and_started_by_hand_is_not_changed(platform: Platform) -> None:
    [container] = platform.containers(service="auth", part="app")
    container.restart()
    shown = platform.run("preview")
    assert shown.ok, shown.error
    assert not shown.touched()


def test_all_that_was_changed_by_hand_is_named_and_corrected_together(platform: Platform) -> None:
    edit_and_delete_site_files(platform)
    remove_a_container(platform)
    drop_a_login(platform)
    drop_a_slot(platform)

    def all_named() -> bool:
        seen = status(platform)
        assert {"enforcement/app/missing", "legal/electric/exited", "legal/electric/slot"} <= seen["problems"]
        for name in ("sites/auth.conf", "sites/enforcement.conf", "login/auth", "slot/legal"):
            assert f"{name}: was changed by hand" in seen["drift"]
        return True

    eventually(all_named, PATIENCE_S)
    named = corrected(platform)
    eventually(lambda: is_good(platform), PATIENCE_S)
    assert {"auth-site-switch", "enforcement-site-switch"} <= named, "its site files"
    assert {"enforcement-app", "enforcement-app-gate"} <= named, "its container, behind its gate"
    assert "auth-database-sql" in named, "its login"
    assert {"legal-electric", "legal-cutover"} <= named, "its slot"
    on_gateway(platform, "! grep -q 'by hand' /srv/nginx/sites/auth.conf")
    assert platform.get(ENFORCEMENT, "/api/version").status_code == 200
    assert platform.sql("SELECT active FROM pg_replication_slots WHERE slot_name = 'electric_slot_legal'") == "t"
    assert platform.get(LEGAL, "/electric/laws?offset=-1").status_code == 200
    platform.containers(service="auth", part="app")[0].restart()
    assert platform.up().ok
    eventually(lambda: platform.get(AUTH, "/ready").status_code == 200)


def edit_and_delete_site_files(platform: Platform) -> None:
    on_gateway(platform, "echo '# by hand' >> /srv/nginx/sites/auth.conf && rm /srv/nginx/sites/enforcement.conf")
    on_gateway(platform, "kill -HUP $(cat /run/nginx.pid)")


def remove_a_container(platform: Platform) -> None:
    [container] = platform.containers(service="enforcement", part="app")
    container.remove(force=True)


def drop_a_login(platform: Platform) -> None:
    login = platform.sql("SELECT rolname FROM pg_roles WHERE rolname ~ '^sertantai_auth_local_[0-9a-f]{8}$'")
    platform.sql(f'DROP OWNED BY "{login}"; DROP ROLE "{login}"', "sertantai_auth_local")


def drop_a_slot(platform: Platform) -> None:
    [electric] = platform.containers(service="legal", part="electric")
    drop_slot(platform, electric)
