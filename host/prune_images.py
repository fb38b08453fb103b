"""prune-images: keep the last images of each part of a service, so that rolling back needs no registry.

Safe to run again: an image in use is never removed, since Docker refuses, and is asked about again after the next
release.
"""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from . import docker, files, psql

KEPT = 5


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("--postgres", required=True, help="its container")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Stdin: `images`, what serves now, by part."""
    prune(given.service, told["images"], given.postgres)


def prune(service: str, current: Mapping[str, str], container: str) -> None:
    """Notes `current` as what serves now, and removes what is older than the last ones; without it, everything."""
    postgres = psql.Postgres(container)
    try:
        postgres.ask(files.sql("releases"), alone=True)
        now = {"images": json.dumps(current, sort_keys=True), "keep": str(KEPT if current else 0), "kept": str(KEPT)}
        old = postgres.ask(files.sql("releases_old"), {"service": service, **now}, alone=True).split()
        for image in old:
            if _remove(image):
                postgres.ask(FORGET, {"service": service, "image": image})
                print(f"{service}: image {image} removed from the host")
        kept = postgres.ask(LIST, {"service": service}).splitlines() if current else []
    except psql.SqlError:
        raise psql.silent(service) from None
    for line in kept:
        if _is_here(line.partition(" ")[2]):
            print(f"{service}/{line}")


FORGET = "DELETE FROM public.sertantai_releases WHERE service = :'service' AND image = :'image';"
LIST = """SELECT part || ' ' || image FROM public.sertantai_releases
  WHERE service = :'service' AND at > '-infinity' ORDER BY part, at DESC;"""


def _remove(image: str) -> bool:
    """Whether an image is gone now."""
    return docker.run("rmi", image).code == 0 or not _is_here(image)


def _is_here(image: str) -> bool:
    return docker.run("image", "inspect", image).code == 0
