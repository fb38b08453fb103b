"""What the registries' refusals mean."""

import pytest

from components.machine.digests import explain_refusal

GIVEN = "invoke failed: 1 error occurred:\n\t* Got error when attempting to fetch image version: "
TOKEN = "registry_token has expired or may not read this package"
STATUS = "got bad response from registry: "


@pytest.mark.parametrize(
    ("reference", "words", "advice"),
    [
        ("ghcr.io/owner/app:1", f"{STATUS}401 Unauthorized", TOKEN),
        ("ghcr.io/owner/app:1", "403 Forbidden: denied", TOKEN),
        ("ghcr.io/owner/app:1", f"{STATUS}404 Not Found", "no such image or tag: push it"),
        ("ghcr.io/owner/app:1", "dial tcp: connect: connection refused", "ghcr.io does not answer: wait"),
        ("postgres:17.99", f"{STATUS}404 Not Found", "Docker Hub has no such tag"),
        ("owner/secret:1", f"{STATUS}401 Unauthorized", "Docker Hub has no such image, or it is private"),
        (
            "postgres:17",
            f"{STATUS}429 Too Many Requests",
            "registry-1.docker.io answers no more requests for now: wait",
        ),
        (
            "quay.io/owner/app:404",
            f"{STATUS}401 Unauthorized",
            "quay.io requires a login and registry_token is for ghcr.io",
        ),
        ("quay.io/owner/app:404", "app:404 from registry: EOF", "quay.io does not answer"),
    ],
)
def test_a_refusal_is_explained_with_its_reason(reference: str, words: str, advice: str) -> None:
    said = explain_refusal(reference, GIVEN + words, "ghcr.io")
    assert said.startswith(f"{reference}: {advice}")
    assert said.endswith(f"({GIVEN.splitlines()[1].strip(chr(9) + ' *')} {words})")


def test_a_refusal_by_docker_hub_with_a_login_is_about_the_token() -> None:
    assert explain_refusal("owner/app:1", f"{STATUS}401 Unauthorized", "registry-1.docker.io").startswith(
        f"owner/app:1: {TOKEN}"
    )
