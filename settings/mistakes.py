"""The error for a configuration with mistakes."""


class Mistakes(Exception):
    """All mistakes of a configuration, one line each, path first."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = [line.replace("\n", "\\n") for line in lines]  # a key may contain a newline
        super().__init__("\n".join(self.lines))
