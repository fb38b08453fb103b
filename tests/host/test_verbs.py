"""How verbs are called."""

import pytest

from tests.throwaway.box import on_host
from tests.throwaway.calling import PROGRAM


@pytest.mark.parametrize("stdin", ['{"check": ["true"', "{}", ""])
def test_a_verb_with_incomplete_stdin_does_nothing_and_reports_it(stdin: str) -> None:
    """A caller that is killed before it has sent everything."""
    ended = on_host("ready nobody --timeout 1", stdin, interpreter=PROGRAM)
    assert ended.code == 1
    assert ended.error.endswith("nothing was done: run up again\n")
    assert "Traceback" not in ended.error


def test_a_revision_only_changes_the_line() -> None:
    assert on_host("nothing --revision 2", interpreter=PROGRAM).ok


def test_an_unknown_verb_is_refused_with_the_list_of_verbs() -> None:
    ended = on_host("gates", interpreter=PROGRAM)
    assert ended.code == 2
    assert "prune-images" in ended.error
