"""What the rehearsal tells its user when it cannot go on."""


class Trouble(Exception):
    """A mistake or a failure in words meant for the user; shown without a traceback."""
