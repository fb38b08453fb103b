"""Runs a verb for a whole stack: with the Pulumi CLI, or else with the rehearsal.

hetzner, kept and reach are imported where they are used: they import the settings, which takes a fifth of a second.
A preview of the local stack begins without them.
"""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..refused import Refused
from ..show.views import Show, view
from . import ahead, program
from .engine import ROOT, console, has_local_state, pulumi, run_quietly, watch
from .pinned import MINIMUM, PINNED, find_or_install


@dataclass(frozen=True)
class Command:
    """A verb for a stack, and how its run is shown."""

    verb: str
    stack: str
    as_json: bool = False
    show: Show = view
    whole: bool = False
    """Whether a preview of the server alone is refused: it is no plan of the services."""
    ask_again: Callable[[], object] | None = None
    """Shows and confirms what the preview could not show, since the server did not answer. Raises if it is declined."""

    def run(self, *engine_words: str, rehearsal_words: Sequence[str] = ()) -> int:
        """Runs the verb with the engine, or else with the rehearsal. Returns the exit code."""
        engine = find_or_install()
        if engine is None:
            oldest = ".".join(map(str, MINIMUM))
            console.print(
                f"No Pulumi CLI {oldest} or newer is installed, and {PINNED} cannot be downloaded: rehearsing.",
                soft_wrap=True,
            )
            return self.rehearse(*rehearsal_words)
        if engine_words[0] in program.VERBS:
            program.start(ROOT)
        if self.stack == "local":
            return self.run_locally(engine, *engine_words)
        return self.run_on_host(engine, *engine_words)

    def run_locally(self, engine: str, *words: str) -> int:
        """Runs the verb with the engine on this machine, which is prepared first. Returns the exit code."""
        if self.verb == "preview" and has_local_state(self.stack):
            return ahead.preview(engine, self.stack, self.prepare, *words[1:], as_json=self.as_json, show=self.show)
        return self.prepare() or self.pulumi(engine, *words)

    def run_on_host(self, engine: str, *words: str) -> int:
        """Runs the verb with the engine, after a test of the connection to the host. Returns the exit code."""
        from ..server import hetzner, reach

        if self.verb == "deploy":
            check_server(engine, self.stack)
            return self.pulumi(engine, *words)
        reachable = check_host(engine, self.stack)
        was_away = reachable is False
        if was_away and self.whole:
            raise Refused(
                "host: the server does not answer, so only the server can be planned: "
                f"`make preview STACK={self.stack}` shows it, and `make up STACK={self.stack}` asks again for the rest"
            )
        if reachable is False and self.verb == "up" and hetzner.start_server(engine, self.stack):
            reachable = check_host(engine, self.stack, reach.BOOT_TIMEOUT_S)
        if reachable is False and self.verb in ("up", "preview"):
            # The engine cannot refresh what is on a lost server. So the server is created first, then everything else.
            console.print("The server does not answer, so it is handled before everything else.")
            code = self.pulumi(engine, *words, "--target", reach.SERVER)
            if code or self.verb == "preview":
                return code
        if was_away and self.ask_again:
            console.print("The server answers now. What follows was not in the preview:")
            self.ask_again()
        return self.pulumi(engine, *words)

    def pulumi(self, engine: str, *words: str) -> int:
        """Runs the engine on the stack. Returns the exit code."""
        return pulumi(engine, self.stack, *words, as_json=self.as_json, show=self.show)

    def rehearse(self, *words: str) -> int:
        """Runs the verb with the rehearsal, which releases one service by an `up` of all. Returns the exit code."""
        verb = "up" if self.verb == "deploy" else self.verb
        command = [sys.executable, "-m", "rehearsal", verb, "--stack", self.stack, "--events", *words]
        return watch(command, os.environ, preview=self.verb == "preview", as_json=self.as_json, show=self.show)

    def prepare(self) -> int:
        """Checks that the rehearsal does not own the local stack, and starts its doubles. Returns the exit code."""
        from local.__main__ import main  # imported here: other stacks do not need Docker's client

        return main(["setup" if self.verb in ("up", "preview", "deploy") else "owner", "--stack", "local"])


def check_host(cli: str, stack: str, patience_s: int = 0) -> bool | None:
    """Whether the stack's host is reachable; None: there is no host yet. Raises `Refused` if waiting would not help."""
    from ..server import reach

    reachable = reach.is_reachable(cli, stack, patience_s)
    if reachable is False and not reach.is_created_here(stack):
        raise Refused("host/address: is it up, is the port right, and does its firewall accept this address?")
    return reachable


def check_server(cli: str, stack: str) -> None:
    """Raises `Refused` unless the stack's server is there and answers: a release of one service needs it."""
    from ..server import reach

    reachable = check_host(cli, stack)
    if not (reachable or reach.is_local(stack)):
        why = "the stack has no server yet" if reachable is None else "the server does not answer"
        raise Refused(f"host: {why}, and a release of one service does not create it: `make up STACK={stack}`")


def destroy(stack: str, *, as_json: bool) -> int:
    """Removes everything of a stack, after the user has confirmed. Returns the exit code."""
    from ..server import hetzner, kept, reach

    if engine := find_or_install():
        if check_host(engine, stack) is False:
            raise Refused("The server does not answer, so its containers cannot be removed: start it first.")
        if reach.is_created_here(stack) and not hetzner.lift_protection(engine, stack):
            return 1
        run_quietly(engine, stack, "state", "unprotect", "--all", "--yes", "--stack", stack)
    command = Command("destroy", stack, as_json)
    code = command.run("destroy", "--yes", "--skip-preview", rehearsal_words=["--yes"])
    if engine and not code and not kept.remove_volumes(engine, stack):
        return 1
    return code
