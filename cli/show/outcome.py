"""What a run has made of the services that it released: how each release ended, and which one serves now."""

from collections.abc import Collection, Iterator

from ..engine.hints import flag
from .meanings import INTERRUPTED
from .run import Run
from .steps import Step, owner

SERVES, FAILED, STOPPED = "serves", "failed", "interrupted"
SERVED = "served"
"""What `releases` says of a good release that a newer one has replaced. The history keeps `serves`."""


def result(run: Run, service: str) -> str:
    """Returns how the release of a service has ended."""
    errors = [step.error for step in _steps(run, service) if step.failed]
    if not errors and not (run.code and any(owner(title) == service for title in run.skipped)):
        return SERVES
    return STOPPED if run.interrupted or (errors and all(INTERRUPTED in error for error in errors)) else FAILED


def error(run: Run, service: str) -> str:
    """Returns why it has not succeeded, empty if it has."""
    if result(run, service) == SERVES:
        return ""
    own = [step.error for step in _steps(run, service) if step.failed]
    return (own or run.errors or [INTERRUPTED])[0].splitlines()[0].removesuffix("; its last lines:")


def advice(run: Run, services: Collection[str], stack: str, command: str) -> Iterator[str]:
    """Yields what state each service is in after a run that has not succeeded, and what to do next."""
    if not run.code or run.preview:
        return
    begun = dict.fromkeys(owner(step.title) for step in run.steps)
    unfinished = [name for name in begun if name in services and result(run, name) != SERVES]
    for service in unfinished:
        yield f"{service}: {_state(run, service)}"
    if not run.steps and not run.drift:
        yield "nothing was changed"
    if unfinished:
        back = f"./sertantai rollback {unfinished[0]}{flag(stack)}"
        yield f"next: `{command}` continues from here; `{back}` releases an older one"


def _state(run: Run, service: str) -> str:
    ended = {step.title for step in _steps(run, service) if step.ended and not step.failed}
    failed = {step.title for step in _steps(run, service) if step.failed}
    if f"{service}: site switch" in ended:
        return "the new release serves; only steps after the switch are left"
    if f"{service}: site switch" in failed:
        return "the switch of its site has not ended in order: it serves the new release or the one before, whole"
    if f"{service}/electric cut-over" in ended:
        return "the release before still serves; its Electric is the new one"
    return "the release before still serves"


def _steps(run: Run, service: str) -> list[Step]:
    return [step for step in run.steps if owner(step.title) == service]
