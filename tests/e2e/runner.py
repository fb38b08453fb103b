"""The runner of the platform: the rehearsal, or the Pulumi engine."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pulumi import automation as auto
from pulumi.automation.events import EngineEvent

from cli.engine.engine import QUICKER
from cli.engine.lock import clear_dead_locks
from cli.engine.program import VERBS, Program

from .forked import rehearse

ROOT = Path(__file__).parents[2]
# The engine's operations, in the rehearsal's words.
WORDS = {"create": "create", "update": "update", "delete": "delete", "replace": "replace", "create-replacement": ""}


@dataclass(frozen=True)
class Run:
    """The output and the result of a run; `changes` are names of resources by operation."""

    ok: bool
    changes: dict[str, list[str]]
    error: str = field(default="", repr=False)
    said: str = field(default="", repr=False)

    @property
    def why(self) -> str:
        """Returns the output of the failed steps alone."""
        text = (self.error + self.said).partition("Diagnostics:")[2] or self.error
        return "\n".join(line for line in text.splitlines() if line.strip() and "warning: " not in line)

    def touched(self) -> set[str]:
        return {name for names in self.changes.values() for name in names}


class Runner:
    """Runs the program in `folder` on `stack`."""

    name: str

    def __init__(self, folder: Path, stack: str) -> None:
        self.folder, self.stack = folder, stack
        (folder / ".venv").symlink_to(ROOT / ".venv")

    def run(self, verb: str) -> Run:
        """Runs `up`, `preview`, `down` or `destroy`."""
        raise NotImplementedError

    def begin(self) -> "subprocess.Popen[str]":
        """Starts an `up` in the background, in its own process group."""
        raise NotImplementedError

    def ended(self, process: "subprocess.Popen[str]") -> Run:
        """Returns the result of that `up`, once it has ended."""
        raise NotImplementedError

    def lock(self) -> str:
        """Returns the text of the stack's lock during a run."""
        raise NotImplementedError

    def _start(self, command: list[str], environment: dict[str, str] | None = None) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


class Rehearsal(Runner):
    """`python -m rehearsal`."""

    name = "rehearsal"

    def run(self, verb: str) -> Run:
        words = [*self._words(verb), *(["--yes"] if verb == "destroy" else [])]
        return self._read(*rehearse(self.folder, words, timeout_s=600))

    def begin(self) -> "subprocess.Popen[str]":
        return self._start([sys.executable, "-m", "rehearsal", *self._words("up")])

    def ended(self, process: "subprocess.Popen[str]") -> Run:
        out, said = process.communicate(timeout=600)
        return self._read(process.returncode, out, said)

    def _words(self, verb: str) -> list[str]:
        return [verb, "--stack", self.stack, "--json"]

    def _read(self, code: int, out: str, said: str) -> Run:
        assert out, said
        read = json.loads(out)
        assert read["ok"] == (code == 0), said
        changes = {what: names for what, names in read["changes"].items() if isinstance(names, list)}
        return Run(read["ok"], changes, read["error"] or "", said)

    def lock(self) -> str:
        return (self.folder / ".rehearsal" / self.stack / "lock").read_text()


class Engine(Runner):
    """The Pulumi CLI, through the Automation API, with the program started first as by the command.

    An `up` in the background is plain `pulumi up`.
    """

    name = "engine"

    def __init__(self, folder: Path, stack: str) -> None:
        super().__init__(folder, stack)
        self.state = folder / ".pulumi-state"
        self.state.mkdir()
        self.environment = QUICKER | {
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "local",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        self._prepared = False
        self._selected: auto.Stack | None = None

    def run(self, verb: str, **options: Any) -> Run:
        stack = self._stack()
        events: list[EngineEvent] = []
        said: list[str] = []
        watched = {"on_event": events.append, "on_output": said.append, **options}
        try:
            if verb == "up":
                with self._program(stack):
                    stack.up(**watched)
            elif verb == "preview":
                with self._program(stack):
                    stack.preview(**watched)
            else:
                if verb == "destroy":
                    stack.workspace.pulumi_command.run(
                        ["state", "unprotect", "--all", "--yes", "--stack", self.stack],
                        str(self.folder),
                        os.environ | self.environment,
                    )
                stack.destroy(**watched, exclude_protected=verb == "down")
        except auto.CommandError as error:
            return Run(False, _changes(events), str(error), "\n".join(said))
        return Run(True, _changes(events), "", "\n".join(said))

    @contextmanager
    def _program(self, stack: auto.Stack) -> Iterator[None]:
        """Starts the program for the engine's run in the block."""
        program, run = Program(self.folder), stack._run_pulumi_cmd_sync
        try:
            options = program.options(os.environ | self.environment)

            def with_program(words: list[str], *more: Any) -> auto.CommandResult:
                return run([*words, *options] if words[0] in VERBS else words, *more)

            # After an `up`, the API would start the CLI three times for its outputs and its history.
            unasked = patch.multiple(stack, outputs=dict, info=lambda _: "no summary")
            with patch.object(stack, "_run_pulumi_cmd_sync", with_program), unasked:
                yield
        finally:
            program.end()

    def begin(self) -> "subprocess.Popen[str]":
        self._stack()
        command = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", self.stack]
        return self._start(command, os.environ | self.environment)

    def ended(self, process: "subprocess.Popen[str]") -> Run:
        out, said = process.communicate(timeout=600)
        return Run(process.returncode == 0, {}, out + said, out + said)

    def lock(self) -> str:
        return "".join(file.read_text() for file in self.state.glob(f".pulumi/locks/**/{self.stack}/*.json"))

    def select(self) -> None:
        """Selects the stack, for commands of the CLI itself. It must exist."""
        self._selected = None
        self._stack()

    def urns(self) -> list[str]:
        """Returns the URNs of everything in the state."""
        deployment = self._stack().export_stack().deployment or {}
        return [str(resource["urn"]) for resource in deployment["resources"]]

    def _stack(self) -> auto.Stack:
        clear_dead_locks(self.state, self.stack)
        if not self._selected or not self._is_selected():
            if not self._prepared:
                setup = [sys.executable, "-m", "local", "setup", "--stack", self.stack]
                subprocess.run(setup, cwd=self.folder, check=True, capture_output=True)
                self._prepared = True
            self._selected = auto.create_or_select_stack(
                self.stack, work_dir=str(self.folder), opts=auto.LocalWorkspaceOptions(env_vars=self.environment)
            )
        return self._selected

    def _is_selected(self) -> bool:
        """Whether there is a state still, and the salt that selecting a stack writes. A test may have removed both."""
        state = self.state / f".pulumi/stacks/sertantai/{self.stack}.json"
        return state.exists() and "encryptionsalt" in (self.folder / f"Pulumi.{self.stack}.yaml").read_text()


def _changes(events: list[EngineEvent]) -> dict[str, list[str]]:
    changes: dict[str, list[str]] = {}
    for event in events:
        step = event.resource_pre_event.metadata if event.resource_pre_event else None
        word = WORDS.get(str(step.op.value)) if step else None
        if step and word and not step.type.startswith("pulumi:"):
            changes.setdefault(word, []).append(step.urn.rpartition("::")[2])
    return changes


def has_engine() -> bool:
    """Whether there is a Pulumi CLI with the plugins of the local stack."""
    plugins = ["pulumi", "pulumi-resource-docker", "pulumi-resource-command", "pulumi-resource-random"]
    installed = Path.home().glob(".pulumi/plugins/resource-docker*")
    return all(shutil.which(plugin) for plugin in plugins) or bool(shutil.which("pulumi") and list(installed))
