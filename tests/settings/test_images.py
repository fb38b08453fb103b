"""Image references: written as Docker's users write them, converted to the one form that the provider understands."""

import pytest

from settings import image_parts, parse

from .stack import DIGEST, SMALL, changed, mistakes


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("nginx", ("nginx", "latest", None)),
        ("localhost:5050/sertantai/app:1", ("localhost:5050/sertantai/app", "1", None)),
        ("localhost/app", ("localhost/app", "latest", None)),
        (f"ghcr.io/o/n:t@{DIGEST}", ("ghcr.io/o/n", "t", DIGEST)),
        (f"ghcr.io/o/n@{DIGEST}", ("ghcr.io/o/n", "latest", DIGEST)),
        ("ghcr.io/library/a/b__c/d--e.f:v1.0_x-y", ("ghcr.io/library/a/b__c/d--e.f", "v1.0_x-y", None)),
        ("electricsql/electric:1.7.12", ("electricsql/electric", "1.7.12", None)),
        ("docker.io/electricsql/electric:1.7.12", ("electricsql/electric", "1.7.12", None)),
        ("docker.io/library/postgres:16.15-bookworm", ("postgres", "16.15-bookworm", None)),
        ("docker.io/postgres", ("postgres", "latest", None)),
        ("index.docker.io/library/postgres:16", ("postgres", "16", None)),
        (f"registry-1.docker.io/library/postgres@{DIGEST}", ("postgres", "latest", DIGEST)),
        ("library/postgres:16", ("postgres", "16", None)),
    ],
)
def test_an_image_reference_has_its_parts(reference: str, parts: tuple[str, str, str | None]) -> None:
    assert image_parts(reference) == parts


@pytest.mark.parametrize(
    "reference", ["a/b/c:1", "docker.io/a/b/c", "docker.io/ghcr.io/app", "docker.io/localhost/app"]
)
def test_a_name_that_docker_hub_cannot_have_is_refused(reference: str) -> None:
    """The provider would read its first part as a host."""
    assert mistakes({"nginx/image": reference}) == [
        "nginx/image: must be NAME or OWNER/NAME on Docker Hub, or begin with a registry's host (with a dot or port)"
    ]


@pytest.mark.parametrize(
    ("references", "kept"),
    [
        (["nginx", "nginx:latest", "docker.io/nginx", "docker.io/library/nginx:latest"], "nginx:latest"),
        ([f"nginx@{DIGEST}", f"docker.io/nginx:1@{DIGEST}"], f"nginx@{DIGEST}"),
    ],
)
def test_one_image_has_one_spelling(references: list[str], kept: str) -> None:
    for reference in references:
        assert parse(changed(SMALL, {"nginx/image": reference})).images()["nginx/image"] == kept


@pytest.mark.parametrize("server", ["docker.io", "index.docker.io", "registry-1.docker.io"])
def test_a_login_to_docker_hub_is_for_its_registrys_host(server: str) -> None:
    changes = {"registry": {"server": server, "username": "operator"}, "registry_token": "not-a-secret"}
    read = parse(changed(SMALL, changes))
    assert read.registry
    assert read.registry.server == "registry-1.docker.io"
