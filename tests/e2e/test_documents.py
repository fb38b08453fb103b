"""What the README and the quick start tell a new user to type, in their order, on a local stack of its own."""

from collections.abc import Iterator

import pytest

from tests.docs.blocks import blocks

from .clone import Clone
from .platform import Platform
from .runner import Engine

pytestmark = [pytest.mark.e2e, pytest.mark.docker]


@pytest.fixture
def clone(raised: Platform) -> Iterator[Clone]:
    """The user's checkout, on the platform of this run. Everything is as before afterwards."""
    if not isinstance(raised.runner, Engine):
        pytest.skip("no Pulumi CLI")
    yield Clone(raised)
    raised.reset()
    back = raised.up()
    assert back.ok, back.why


def test_the_blocks_of_the_readme_do_what_they_say(clone: Clone) -> None:
    up, curl = (clone.run(block) for block in blocks("README.md") if block.is_run)
    assert "unchanged" in up
    assert "<html" in curl.lower()
