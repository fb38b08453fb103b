"""prune-images: remove all but the last images of each part of a service. A rollback to them needs no registry.

Safe to run again: Docker refuses to remove an image in use, and the next release tries again.
"""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from . import docker, files, history, psql

KEPT = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `images`, the serving images by part."""
    prune(args.service, inputs["images"], args.postgres)


def prune(service: str, current: Mapping[str, str], container: str) -> None:
    """Records `current` as the serving images, and removes older ones than the last five; without `current`, all."""
    postgres = psql.Postgres(container)
    try:
        postgres.query(history.CREATE, exclusive=True)
        if current:
            history.record_serving(postgres, service, current)
        limits = {"keep": str(KEPT if current else 0), "kept": str(KEPT)}
        variables = {"service": service, "images": json.dumps(current, sort_keys=True), **limits}
        old = postgres.query(files.sql("releases_old"), variables, exclusive=True).split()
        for image in old:
            if _remove(image):
                postgres.query(FORGET, {"service": service, "image": image})
                print(f"{service}: image {image} removed from the host")
        kept = postgres.query(LIST, {"service": service}).splitlines() if current else []
    except psql.SqlError:
        raise psql.no_answer(service) from None
    for line in kept:
        if _exists(line.partition(" ")[2]):
            print(f"{service}/{line}")


FORGET = "DELETE FROM public.sertantai_releases WHERE service = :'service' AND image = :'image';"
LIST = """SELECT part || ' ' || image FROM public.sertantai_releases
  WHERE service = :'service' AND at > '-infinity' ORDER BY part, at DESC;"""


def _remove(image: str) -> bool:
    """Removes an image and returns whether it is gone."""
    return docker.run("rmi", image).code == 0 or not _exists(image)


def _exists(image: str) -> bool:
    return docker.run("image", "inspect", image).code == 0
