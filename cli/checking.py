"""What `deploy` looks at without a change, and after one."""

from . import planning, services
from .deploy import Wish
from .refused import Refused


def check_only(stack: str, service: str, wish: Wish, *, changes: bool) -> int:
    """Shows the status and the plan of a service, and returns the plan's exit code. Raises `Refused`."""
    services.find(stack, service)
    if changes or wish != Wish():
        raise Refused("--check-only: changes nothing, so no other flag fits: leave the others out")
    return planning.show(stack, service, None, as_json=False)


def follow_logs(stack: str, service: str) -> None:
    """Follows the logs of a service."""
