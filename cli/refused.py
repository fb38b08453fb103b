"""The error of a command that cannot do what was asked."""


class Refused(Exception):
    """Says what is wrong, the setting or the part first, and what to do. Empty: that has been said already."""
