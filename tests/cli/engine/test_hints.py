"""A command in a message is one that an operator can paste."""

import pytest

from cli.engine.hints import flag


@pytest.mark.parametrize(
    ("exported", "stack", "words"),
    [
        (None, "local", ""),
        (None, "prod", " --stack prod"),
        ("", "local", ""),
        ("prod", "prod", ""),
        ("prod", "local", " --stack local"),
        ("prod", "trial", " --stack trial"),
    ],
)
def test_a_command_names_the_stack_unless_it_is_the_one_without_a_word(
    monkeypatch: pytest.MonkeyPatch, exported: str | None, stack: str, words: str
) -> None:
    if exported is None:
        monkeypatch.delenv("SERTANTAI_STACK", raising=False)
    else:
        monkeypatch.setenv("SERTANTAI_STACK", exported)
    assert flag(stack) == words
