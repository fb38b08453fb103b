"""Changes by hand on the server: `preview` names them, `up` corrects them, nothing else changes."""

import pytest

from .platform import STACK, Platform

pytestmark = [pytest.mark.e2e, pytest.mark.docker]
LEGAL, AUTH = "legal.localhost", "auth.localhost"


def check_corrected(platform: Platform, *named: str) -> None:
    """Checks that a preview names these steps and no other service's, and that `up` corrects everything."""
    shown = platform.run("preview")
    assert shown.ok, shown.error
    assert set(named) <= shown.touched(), shown.changes
    service = named[0].partition("-")[0]
    assert not [name for name in shown.touched() if not name.startswith(service)]
    up = platform.up()
    assert up.ok, up.error
    again = platform.up()
    assert again.ok, again.error
    assert not again.touched(), again.changes


def on_gateway(platform: Platform, script: str) -> None:
    code, output = platform.docker.containers.get(f"sertantai-{STACK}-nginx").exec_run(["sh", "-c", script])
    assert code == 0, output


def test_an_edited_site_file_is_corrected(platform: Platform) -> None:
    on_gateway(platform, "echo '# by hand' >> /srv/nginx/sites/auth.conf")
    check_corrected(platform, "auth-site-switch")
    on_gateway(platform, "! grep -q 'by hand' /srv/nginx/sites/auth.conf")


def test_a_deleted_site_file_is_written_again_and_serves(platform: Platform) -> None:
    on_gateway(platform, "rm /srv/nginx/sites/auth.conf && kill -HUP $(cat /run/nginx.pid)")
    check_corrected(platform, "auth-site-switch")
    assert platform.get(AUTH, "/api/version").status_code == 200


def test_a_container_that_was_stopped_is_started_again(platform: Platform) -> None:
    [container] = platform.containers(service="auth", part="app")
    container.stop()
    check_corrected(platform, "auth-app")
    assert len(platform.containers(service="auth", part="app")) == 1
    assert platform.get(AUTH, "/api/version").status_code == 200


def test_a_removed_container_is_created_again_behind_its_gate(platform: Platform) -> None:
    [container] = platform.containers(service="auth", part="app")
    container.remove(force=True)
    check_corrected(platform, "auth-app", "auth-app-gate", "auth-site-switch")
    assert platform.get(AUTH, "/api/version").status_code == 200


def test_a_container_that_was_stopped_and_started_by_hand_is_not_changed(platform: Platform) -> None:
    [container] = platform.containers(service="auth", part="app")
    container.restart()
    shown = platform.run("preview")
    assert shown.ok, shown.error
    assert not shown.touched()


def test_a_dropped_login_is_created_again(platform: Platform) -> None:
    login = platform.sql("SELECT rolname FROM pg_roles WHERE rolname ~ '^sertantai_auth_local_[0-9a-f]{8}$'")
    platform.sql(f'DROP OWNED BY "{login}"; DROP ROLE "{login}"', "sertantai_auth_local")
    check_corrected(platform, "auth-database-sql")
    platform.containers(service="auth", part="app")[0].restart()
    assert platform.up().ok
    assert platform.get(AUTH, "/ready").status_code == 200


def test_a_dropped_slot_is_created_again(platform: Platform) -> None:
    [electric] = platform.containers(service="legal", part="electric")
    electric.stop()
    platform.sql("SELECT pg_drop_replication_slot('electric_slot_legal')")
    check_corrected(platform, "legal-electric", "legal-cutover")
    assert platform.sql("SELECT active FROM pg_replication_slots WHERE slot_name = 'electric_slot_legal'") == "t"
    assert platform.get(LEGAL, "/electric/laws?offset=-1").status_code == 200
