"""The history of releases, in PostgreSQL: it needs neither the laptop that has released nor the registry.

`sertantai` records a release while it runs, again and again: after a silence, its laptop is gone. The step `images`
records a release that serves, for those who call plain `pulumi up`.
"""

import json
from collections.abc import Mapping
from typing import Any

from . import docker, files
from .psql import Postgres

SILENCE = "2 minutes"
KEPT = 500
"""Releases of each service."""
REVISION = "org.opencontainers.image.revision"
CREATE = files.sql("releases") + files.sql("history")


def record(postgres: Postgres, run: Mapping[str, str], service: str, release: Mapping[str, Any]) -> None:
    """Adds a service's release to the history, or changes what is known of it. Raises `SqlError`."""
    images = release.get("images") or {}
    variables = {
        **run,
        "service": service,
        "seconds": str(release["seconds"]),
        "result": release["result"],
        "error": release.get("error", ""),
        "images": json.dumps(images),
        "commits": json.dumps(commits(images)),
        "kept": str(KEPT),
    }
    postgres.query(CREATE + files.sql("history_record"), variables, exclusive=True)


def record_serving(postgres: Postgres, service: str, images: Mapping[str, str]) -> None:
    """Records the images that serve. Raises `SqlError`."""
    variables = {
        "service": service,
        "images": json.dumps(images),
        "commits": json.dumps(commits(images)),
        "silence": SILENCE,
    }
    postgres.query(CREATE + files.sql("history_serves"), variables, exclusive=True)


def read(postgres: Postgres, service: str = "", last: int = 50) -> list[dict[str, Any]]:
    """Returns the last releases of a service, or of each one, the newest first. Raises `SqlError`."""
    variables = {"service": service, "last": str(last), "silence": SILENCE}
    releases: list[dict[str, Any]] = json.loads(postgres.query(files.sql("history_read"), variables))
    return releases


def commits(images: Mapping[str, str]) -> dict[str, str]:
    """Returns the commit that each image was built from, by part, if the host has the image and its label names one."""
    revisions = {part: labels(image).get(REVISION) for part, image in images.items()}
    return {part: revision for part, revision in revisions.items() if revision}


def labels(image: str) -> dict[str, str]:
    """Returns the labels of an image, empty if the host does not have it."""
    descriptions = json.loads(docker.run("image", "inspect", image).out or "[]")
    return dict(descriptions[0]["Config"].get("Labels") or {}) if descriptions else {}
