"""The error that ends a verb with a message."""


class Failure(Exception):
    """Names the setting or part first, then what is wrong and what to do. It never contains a secret."""
