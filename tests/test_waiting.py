"""A failed wait says why."""

import os

import pytest

from tests.throwaway.box import on_host
from tests.waiting import eventually


def test_a_wait_ends_as_soon_as_it_succeeds_and_continues_after_an_error() -> None:
    answers = iter([False, None, True])
    assert eventually(lambda: next(answers)) < 10
    raised = iter([KeyError("first"), AssertionError("second")])

    def attempt() -> bool:
        for error in raised:
            raise error
        return True

    assert eventually(attempt) < 10


def test_a_failed_wait_shows_the_last_attempts_error() -> None:
    with pytest.raises(AssertionError, match=r"the last attempt:\n.*no such ship"):
        eventually(lambda: on_host("echo no such ship >&2; false").ok, 0.2)
    with pytest.raises(AssertionError, match=r"not within 0\.2 s: KeyError"):
        eventually(lambda: os.environ["NO_SUCH_SHIP"], 0.2)


def test_an_error_that_no_wait_can_fix_is_raised_at_once() -> None:
    with pytest.raises(TypeError):
        eventually(lambda: 1 + "1", 60)  # type: ignore[operator]
