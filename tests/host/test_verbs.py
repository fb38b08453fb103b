"""How verbs are called."""

import pytest

from tests.render.box import on_host

from .calling import PROGRAM


@pytest.mark.parametrize("stdin", ['{"check": ["true"', "{}", ""])
def test_a_verb_whose_input_is_cut_does_nothing_and_says_so(stdin: str) -> None:
    """A caller that is killed before it has sent everything."""
    ended = on_host("ready nobody --timeout 1", stdin, interpreter=PROGRAM)
    assert ended.code == 1
    assert ended.error.endswith("nothing was done: run up again\n")
    assert "Traceback" not in ended.error


def test_a_revision_makes_another_line_and_means_nothing_else() -> None:
    assert on_host("nothing --revision 2", interpreter=PROGRAM).ok


def test_an_unknown_verb_is_refused_with_those_that_there_are() -> None:
    ended = on_host("gates", interpreter=PROGRAM)
    assert ended.code == 2
    assert "prune-images" in ended.error
