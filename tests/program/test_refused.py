"""What the registry's refusals mean."""

import pytest

from components.image import refused

GIVEN = "invoke failed: 1 error occurred:\n\t* Got error when attempting to fetch image version: "


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("got bad response from registry: 401 Unauthorized", "registry_token has expired or may not read this package"),
        ("403 Forbidden: denied", "registry_token has expired or may not read this package"),
        ("got bad response from registry: 404 Not Found", "no such image or tag"),
        ("dial tcp 127.0.0.1:5050: connect: connection refused", "the registry does not answer"),
    ],
)
def test_a_refusal_is_explained_with_its_reason_behind_it(words: str, advice: str) -> None:
    said = refused("ghcr.io/owner/app:1", GIVEN + words)
    assert said.startswith(f"ghcr.io/owner/app:1: {advice}")
    assert said.endswith(f"({GIVEN.splitlines()[1].strip(chr(9) + ' *')} {words})")
