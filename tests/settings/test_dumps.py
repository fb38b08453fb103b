"""What a release's digest is made of: the dump of a service's block."""

from settings import App, Build, Frontend, Service

PART = {"image", "port", "health", "env", "memory_mb", "drain_s", "read_only", "restart_generation"}
APP = {"routes", "migrate", "migrate_timeout_s", "migrate_lock_timeout_s", "migrate_generation", "secrets", "calls"}
SERVICE = {"domain", "names", "body_mb", "database", "app", "frontend", "electric", "redis", "restore"}


def test_an_upgrade_changes_no_digest() -> None:
    """A setting that is newer than the first release is in a dump only if it is set: see `is_unset`."""
    app, frontend = App(image="a"), Frontend(image="a")
    assert app.model_dump().keys() == PART | APP
    assert frontend.model_dump().keys() == PART
    assert Service(app=app).model_dump().keys() == SERVICE


def test_a_new_setting_changes_it() -> None:
    assert App(image="a", command=["serve"]).model_dump()["command"] == ["serve"]


def test_where_an_image_is_built_changes_none() -> None:
    app = App(image="a", build=Build(context="../legal", args={"MIX_ENV": "prod"}))
    assert app.model_dump() == App(image="a").model_dump()
