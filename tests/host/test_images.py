"""Which images stay on the host."""

import json

import pytest

from host import files
from host.psql import Postgres
from tests.throwaway.box import Said, docker
from tests.throwaway.calling import call
from tests.throwaway.cluster import ask

pytestmark = pytest.mark.docker


def prune(cluster: str, service: str, image: str) -> Said:
    return call("prune-images", service, postgres=cluster, inputs={"images": {"app": image}})


def test_an_image_that_never_served_counts_as_the_oldest(cluster: str, name: str) -> None:
    images = [f"{name}-{number}" for number in range(7)]
    began = {
        "service": name,
        "images": json.dumps({"app": images[0]}),
        "path": "",
        "slot": "",
        "database": "",
        "group": "",
    }
    Postgres(cluster).query(files.sql("releases") + files.sql("preflight"), began)
    for image in images[1:]:
        assert prune(cluster, name, image).ok
    left = ask(cluster, f"SELECT image FROM public.sertantai_releases WHERE service = '{name}' ORDER BY at").split()
    assert left == images[2:]


def test_an_image_in_use_is_never_removed(base_image: str, cluster: str, name: str) -> None:
    # It has a single tag: from an image with two, Docker removes a tag even if the image is in use.
    assert docker("build", "-q", "-t", f"{name}:1", "-", stdin=f"FROM {base_image}\nLABEL name={name}\n").ok
    assert docker("run", "-d", "--name", name, f"{name}:1", "sleep", "600").ok
    try:
        assert prune(cluster, name, f"{name}:1").ok
        for number in range(6):
            assert prune(cluster, name, f"other-{number}").ok
        assert docker("image", "inspect", f"{name}:1").ok
    finally:
        docker("rm", "-f", name)
    said = prune(cluster, name, "other-6")
    assert f"{name}: image {name}:1 removed from the host" in said.out
    assert not docker("image", "inspect", f"{name}:1").ok


def test_an_image_that_another_service_rolls_back_to_stays(base_image: str, cluster: str, name: str) -> None:
    shared = f"{name}:1"
    assert docker("tag", base_image, shared).ok
    for service in (name, f"{name}_other"):
        assert prune(cluster, service, shared).ok
    for number in range(6):
        assert prune(cluster, name, f"other-{number}").ok
    assert docker("image", "inspect", shared).ok
    for number in range(6):
        assert prune(cluster, f"{name}_other", f"other-{number}").ok
    assert not docker("image", "inspect", shared).ok
