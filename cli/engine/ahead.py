"""A preview of the local stack that begins while the machine is still being checked, which takes half a second."""

from collections.abc import Callable

from ..show.views import Show, view
from .engine import begin_engine, follow, pulumi


def preview(cli: str, stack: str, check: Callable[[], int], *words: str, as_json: bool, show: Show = view) -> int:
    """Previews the stack and returns the exit code. It changes nothing, so it need not wait for the checks.

    `words` are more options of the engine. The preview counts only if `check` returns 0 and has found everything in
    place. Otherwise nothing of it is shown: it is cancelled, and begins again if the checks have started what was
    missing.
    """
    begun = begin_engine(cli, stack, "preview", *words)
    in_place = False
    try:
        code = check()
        in_place = not code and not _has_made_something()
    finally:
        if not in_place:
            begun.cancel()
    if in_place:
        return follow(lambda: begun, preview=True, as_json=as_json, show=show)
    return code or pulumi(cli, stack, "preview", *words, as_json=as_json, show=show)


def _has_made_something() -> bool:
    from local import machine  # imported here: it imports Docker's client, which takes a tenth of a second

    return bool(machine.progress)
