"""What ends a verb with a message."""


class Failure(Exception):
    """Says which setting or part it is about, what is wrong, and what to do. It never holds a secret."""
