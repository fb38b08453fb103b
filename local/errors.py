"""The one exception of the local stack and the rehearsal."""


class Trouble(Exception):
    """A mistake or a failure, with a message for the user. It is shown without a traceback."""
