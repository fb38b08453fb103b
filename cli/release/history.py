"""The history of releases: records those of a run, while it runs, and shows it. It is kept on the host."""

import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from host.history import KEPT as KEPT
from host.recovery import Names
from render import verb

from .. import git
from ..engine.engine import ROOT, console
from ..engine.pinned import find_or_install
from ..refused import Refused
from ..server import at_host, at_session
from ..show import outcome
from ..show.run import Run, View
from ..show.steps import Step, owner
from ..show.views import Show, view
from ..stack import services

BEAT_S = 30
"""A release that is not recorded for two minutes counts as interrupted."""
TIMEOUT_S = 60
Send = Callable[[str], str]


def recorded(stack: str, command: str, show: Show = view, began: Callable[[], object] = lambda: None) -> Show:
    """Returns a view that also records the releases of its run. `command` is the operator's: deploy, rollback or up.

    `began` is called when a step begins.
    """

    def show_and_record(*, as_json: bool, preview: bool) -> View:
        shown = show(as_json=as_json, preview=preview)
        blocks = services.stack_file(stack).block("services")
        return shown if preview else Recorder(shown, command, blocks, lambda stdin: send(stack, stdin), began)

    return show_and_record


def send(stack: str, stdin: str) -> str:
    """Records releases on the host. Returns why that failed, or an empty text."""
    try:
        line = verb.line("release-record", postgres=Names(stack).of("postgres"))
        # Ctrl-C in the terminal must not end it.
        result = subprocess.run(
            [*at_host.program(find_or_install(), stack), line],
            cwd=ROOT, input=stdin, capture_output=True, text=True, timeout=TIMEOUT_S, start_new_session=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError, Refused) as error:
        return str(error)
    return at_host.reason(result.stderr or result.stdout, result.returncode) if result.returncode else ""


@dataclass
class Recorder:
    """Shows a run, and records each service's release from its first step on. It never fails the run."""

    shown: View
    command: str
    services: Mapping[str, Mapping[str, Any]]
    """The blocks of the stack file."""
    send: Send
    began: Callable[[], object] = lambda: None
    """Is called when a step begins."""
    begun: dict[str, float] = field(default_factory=dict)
    """When the first step of each service began."""

    def __post_init__(self) -> None:
        self.run, self.who, self.commit = uuid.uuid4().hex[:12], at_session.caller(), git.commit()
        self.ended, self.news = threading.Event(), threading.Event()
        self.beats = threading.Thread(target=self._beat, daemon=True)

    def begin(self, step: Step) -> None:
        """Shows it, and begins to record its service."""
        self.began()
        self.shown.begin(step)
        if (service := owner(step.title)) in self.services and service not in self.begun:
            self.begun = {**self.begun, service: step.begun}
            self.news.set()
            if len(self.begun) == 1:
                self.beats.start()

    def line(self, step: Step) -> None:
        """Shows it."""
        self.shown.line(step)

    def end(self, step: Step) -> None:
        """Shows it."""
        self.shown.end(step)

    def note(self, text: str) -> None:
        """Shows it."""
        self.shown.note(text)

    def close(self, run: Run) -> None:
        """Shows the summary, and records how each release has ended."""
        self.shown.close(run)
        if not self.begun:
            return
        self.ended.set()
        self.news.set()
        self.beats.join()
        if reason := self.send(self._record({service: self._ended(run, service) for service in self.begun})):
            console.print(f"history: this run is not in it: {reason}", soft_wrap=True, markup=False)

    def _ended(self, run: Run, service: str) -> dict[str, Any]:
        images = {part: new for (name, part), (_, new) in run.images.items() if name == service and new}
        tags = {part: self.services[service].get(part, {}).get("image", "").partition("@")[0] for part in images}
        return {
            "result": outcome.result(run, service),
            "error": outcome.error(run, service),
            "images": images,
            "tags": {part: tag for part, tag in tags.items() if tag},
        }

    def _beat(self) -> None:
        while not self.ended.is_set():
            self.news.clear()
            self.send(self._record({service: {"result": "running"} for service in self.begun}))
            self.news.wait(BEAT_S)

    def _record(self, releases: Mapping[str, Mapping[str, Any]]) -> str:
        now = time.monotonic()
        timed = {name: {**each, "seconds": round(now - self.begun[name], 1)} for name, each in releases.items()}
        about = {"run": self.run, "command": self.command, "who": self.who, "commit": self.commit}
        return verb.stdin({**about, "services": timed})


def read(stack: str, service: str = "", last: int = 50) -> list[dict[str, Any]]:
    """Returns the last releases of a service, or of each one, the newest first. Raises `Refused`."""
    words = ["--service", service] if service else []
    postgres = Names(stack).of("postgres")
    releases: list[dict[str, Any]] = at_host.read_json(
        stack, "releases", *words, "--last", str(last), "--postgres", postgres
    )
    return releases
