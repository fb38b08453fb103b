"""The shell in the pages that a new user follows: each block is run by a test, or says why not."""

import subprocess

import pytest

from .blocks import RUN_PAGES, Block, blocks

NOT_RUN = {"README.md": ["the tests run this page"], "docs/quick-start.md": ["this is how you get here"]}
BLOCKS = [pytest.param(block, id=f"{page}: {block.text[:20]}") for page in RUN_PAGES for block in blocks(page)]


@pytest.mark.parametrize("page", RUN_PAGES)
def test_a_block_of_shell_that_is_not_run_says_why(page: str) -> None:
    marks = [block.mark for block in blocks(page) if block.mark]
    assert marks == [f"not-run: {reason}" for reason in NOT_RUN[page]]
    assert any(block.is_run for block in blocks(page))


@pytest.mark.parametrize("block", BLOCKS)
def test_no_shell_hides_in_a_block_of_another_language(block: Block) -> None:
    assert block.language in ("sh", "yaml", "text")
    commands = ("make ", "./sertantai ", "curl ", "docker ", "git ", "pulumi ")
    assert block.language == "sh" or not block.text.startswith(commands)


@pytest.mark.parametrize("block", BLOCKS)
def test_bash_accepts_it(block: Block) -> None:
    if block.language == "sh":
        assert subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True).stderr == ""
