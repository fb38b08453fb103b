"""Signals that a process of a test must not ignore."""

import signal


def reset_signals() -> None:
    """Resets the signals that a process started in the background or by nohup ignores: a `preexec_fn`."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
