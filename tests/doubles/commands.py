"""Answers in place of the server's own commands."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from host.docker import Output

FINE = Output(0, "", "")
Answer = Output | Callable[[], Output]


def failed(error: str = "", code: int = 1) -> Output:
    return Output(code, "", error)


def printed(text: str) -> Output:
    return Output(0, text, "")


@dataclass
class Commands:
    """Replaces `host.system.run`: returns the first answer whose key begins the command's line; others succeed."""

    answers: dict[str, Answer] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)

    def __call__(self, *words: str, environment: Mapping[str, str] | None = None) -> Output:
        line = shlex.join(words)
        self.ran.append(line)
        answer = next((self.answers[key] for key in self.answers if line.startswith(key)), FINE)
        return answer() if callable(answer) else answer

    def has_run(self, beginning: str) -> bool:
        return any(line.startswith(beginning) for line in self.ran)
