"""The error for a configuration with mistakes."""

from collections.abc import Sequence


class Mistakes(Exception):
    """All mistakes of a configuration, one line each, path first."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = [line.replace("\n", "\\n") for line in lines]  # a key may contain a newline
        super().__init__("\n".join(self.lines))


def report(stack: str, lines: Sequence[str]) -> str:
    """Returns the text that lists the mistakes of a stack file."""
    title = f"Pulumi.{stack}.yaml has {len(lines)} mistake{'s' if len(lines) > 1 else ''}:"
    return "\n".join([title, *(f"  {line}" for line in lines)])
