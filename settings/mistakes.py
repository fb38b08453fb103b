"""What is wrong with a configuration."""


class Mistakes(Exception):
    """Everything that is wrong with a configuration, one line each, path first."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = [line.replace("\n", "\\n") for line in lines]  # a key may hold one
        super().__init__("\n".join(self.lines))
