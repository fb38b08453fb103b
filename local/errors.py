"""The one exception of the local stack and the rehearsal."""


class Trouble(Exception):
    """A mistake or a failure in words for the user; shown without a traceback."""
