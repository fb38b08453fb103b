"""What real services need beside the tidy ones, together: files, a stopped part, own names and others' databases."""

import re
import uuid
from typing import Any

import pytest

from .platform import REGISTRY, STACK, Platform

pytestmark = [pytest.mark.e2e, pytest.mark.docker]
READER, ARCHIVE, LEGAL = "reader.localhost", "archive.localhost", "legal.localhost"
VOLUME = f"sertantai-{STACK}-reader-files"
APP = f"{REGISTRY}/sertantai/app:1"


def reader() -> dict[str, Any]:
    """A service that uses legal's database, reads auth's, and writes files."""
    return {
        "domain": READER,
        "database": {"of": "legal", "reads": ["auth"], "pool_size": 2},
        "app": {
            "image": APP,
            "port": 4004,
            "migrate": ["/app/bin/app", "eval", "App.Release.migrate"],
            "env": {"OWN_DATABASE_URL": "${DATABASE_URL}", "FILES": "/app/priv/files"},
            "volumes": {"files": "/app/priv/files"},
            "memory_mb": 256,
            "read_only": True,
            "drain_s": 1,
        },
    }


def archive() -> dict[str, Any]:
    """A service that is stopped, with an image that does not exist."""
    app = {"image": f"{REGISTRY}/sertantai/app:never-built", "port": 4005, "memory_mb": 256}
    return {"domain": ARCHIVE, "stopped": ["app"], "app": app}


def write_file(platform: Platform, name: str) -> None:
    with platform.client(READER) as client:
        assert client.post(f"/api/files/{name}", content=name.encode()).status_code == 200


def rows(platform: Platform, variable: str) -> str:
    """Returns the number of rows in the database whose URL is in this variable of the reader's app."""
    return str(platform.get(READER, f"/api/rows/{variable}").json()["rows"])


def uses_both_databases(platform: Platform) -> None:
    key, count = str(uuid.uuid4()), "SELECT count(*) FROM items"
    with platform.client(READER) as client:
        assert client.post("/api/items", json={"key": key}).status_code == 200
        assert key in [item["key"] for item in platform.get(LEGAL, "/api/items").json()]
        assert rows(platform, "OWN_DATABASE_URL") == platform.sql(count, "sertantai_legal_local")
        assert rows(platform, "AUTH_DATABASE_URL") == platform.sql(count, "sertantai_auth_local")
        refused = client.post("/api/rows/AUTH_DATABASE_URL")
    assert (refused.status_code, refused.json()) == (403, {"error": "permission denied for table items"})


@pytest.mark.one_runner
def test_a_service_with_files_and_others_databases_is_released_next_to_a_stopped_one_and_removed(
    platform: Platform,
) -> None:
    others = platform.ids()
    platform.services.update(reader=reader(), archive=archive())
    added = platform.up()
    assert added.ok, added.error
    uses_both_databases(platform)
    write_file(platform, "first")
    stopped = platform.get(ARCHIVE, "/api/version")
    assert (stopped.status_code, stopped.text) == (503, "archive-app is stopped on purpose.\n")
    assert not platform.containers(service="archive")

    platform.services["reader"]["app"]["restart_generation"] = 1
    platform.services["archive"]["app"]["image"] = APP
    del platform.services["archive"]["stopped"]
    released = platform.up()
    assert released.ok, released.error
    write_file(platform, "second")
    assert platform.get(READER, "/api/files/").json() == ["first", "second"]
    assert platform.get(READER, "/api/files/first").text == "first"
    assert platform.get(ARCHIVE, "/api/version").json() == {"version": "1"}

    assert platform.run("down").ok
    back = platform.up()
    assert back.ok, back.error
    assert platform.get(READER, "/api/files/").json() == ["first", "second"]
    others = {name: number for name, number in platform.ids().items() if not name.startswith(("reader", "archive"))}

    del platform.services["reader"], platform.services["archive"]
    removed = platform.up()
    assert removed.ok, removed.error
    assert platform.ids() == others
    assert platform.sql("SELECT count(*) FROM pg_roles WHERE rolname ~ 'reader' AND rolcanlogin") == "0"
    assert set(re.findall(r"docker volume rm (\S+)", removed.said)) == {VOLUME}
    platform.docker.volumes.get(VOLUME).remove()
