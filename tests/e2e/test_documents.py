"""What the README and the quick start tell a new user to type, in their order, on a local stack of its own."""

import pytest

from tests.docs.blocks import blocks

from .clone import Clone
from .platform import Platform
from .runner import Engine

pytestmark = [pytest.mark.e2e, pytest.mark.docker]


@pytest.fixture(scope="module")
def clone(raised: Platform) -> Clone:
    """The user's checkout, on the platform of this run. It changes the configuration, so the next test reverts all."""
    if not isinstance(raised.runner, Engine):
        pytest.skip("no Pulumi CLI")
    raised.revert()
    return Clone(raised)


def test_the_blocks_of_the_readme_do_what_they_say(clone: Clone) -> None:
    up, curl = (clone.run(block) for block in blocks("README.md") if block.is_run)
    assert "unchanged" in up
    assert "<html" in curl.lower()


# It makes five releases: minutes.
@pytest.mark.faults
def test_the_quick_start_changes_releases_breaks_rolls_back_and_restores(clone: Clone) -> None:
    said = [clone.run(block) for block in blocks("docs/quick-start.md") if block.is_run]
    first, built, released, broken, _, rolled_back, lost, restored, back = said
    assert '"version": "1"' in first
    assert ":hello@sha256:" in built
    assert '"version": "hello"' in released
    assert "the release has failed" in broken
    assert "App.Application.start" in broken, "the app's last lines"
    assert '"version": "hello"' in broken.splitlines()[-1], "what served before serves"
    assert '"version": "1"' in rolled_back
    assert lost.splitlines()[-1] == "[]"
    assert '"body": "a row"' in restored
    assert "unchanged" in back
