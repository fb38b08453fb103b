"""Where an image is built is no part of a release."""

import pytest

from tests.components.declared import Program, services


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_no_resource_depends_on_where_an_image_is_built(stack: str) -> None:
    blocks = services(stack)
    for part in ("app", "frontend"):
        blocks["legal"][part]["build"] = {"context": "../elsewhere", "args": {"A": "b"}}
    before, after = (
        {resource.urn: resource.inputs for resource in program}
        for program in (Program.running(stack), Program.of(stack, services=blocks))
    )
    assert after == before
