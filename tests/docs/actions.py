"""A stand-in of GitHub's runner: it runs the steps of a workflow's job as bash does there, in a folder of a test.

It knows the syntax that the examples use, and refuses any other. Actions of others are recorded, not run.
"""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]


def load(file: Path) -> dict[str, Any]:
    """Returns a workflow. YAML 1.1 reads its key `on` as true."""
    content = yaml.safe_load(file.read_text())
    return {"on" if key is True else str(key): value for key, value in content.items()}


@dataclass
class Runner:
    """Runs jobs in `folder`, which is the checked-out repository."""

    folder: Path
    contexts: dict[str, Any]
    path: str
    output: str = ""
    uses: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    failed: bool = False
    _environment: dict[str, str] = field(default_factory=dict)

    def run(self, workflow: dict[str, Any], job: str) -> bool:
        """Runs a job. Returns whether it has succeeded."""
        self.contexts["steps"] = {}
        files = {name: self.folder.parent / name for name in ("GITHUB_ENV", "GITHUB_OUTPUT")}
        for file in files.values():
            file.write_text("")
        github = {
            f"GITHUB_{name.upper()}": str(value) for name, value in self.contexts["github"].items() if name != "event"
        }
        self._environment = (
            github | {name: str(file) for name, file in files.items()} | self._values(workflow.get("env"))
        )
        assert self._is_true(workflow["jobs"][job].get("if", "true")), "the job does not run"
        self._steps(workflow["jobs"][job]["steps"])
        return not self.failed

    def _steps(self, steps: list[dict[str, Any]]) -> None:
        for step in steps:
            condition = str(step.get("if", "success()"))
            if (self.failed and "always()" not in condition) or not self._is_true(condition):
                continue
            if "run" in step:
                self._bash(step)
            elif step["uses"].startswith("./.github/"):
                action = yaml.safe_load((self.folder / step["uses"] / "action.yml").read_text())
                self.contexts["inputs"] = self._values(step.get("with"))
                assert self.contexts["inputs"].keys() == action["inputs"].keys()
                self._steps(action["runs"]["steps"])
            else:
                self.uses.append((step["uses"].partition("@")[0], self._values(step.get("with"))))

    def _bash(self, step: dict[str, Any]) -> None:
        outputs, added = Path(self._environment["GITHUB_OUTPUT"]), Path(self._environment["GITHUB_ENV"])
        outputs.write_text("")
        environment = {
            "PATH": self.path,
            "HOME": os.environ["HOME"],
            **self._environment,
            **self._values(step.get("env")),
        }
        done = subprocess.run(
            [*SHELL, "-c", step["run"]], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.output += done.stdout
        self.failed |= done.returncode != 0
        if "id" in step:
            self.contexts["steps"][step["id"]] = {"outputs": _pairs(outputs)}
        self._environment |= _pairs(added)

    def _values(self, texts: dict[str, Any] | None) -> dict[str, str]:
        return {
            name: EXPRESSION.sub(lambda match: self._value(match[1]), str(text)) for name, text in (texts or {}).items()
        }

    def _is_true(self, condition: str) -> bool:
        return all(self._holds(term) for term in condition.split(" && "))

    def _holds(self, term: str) -> bool:
        if term in ("true", "always()", "success()"):
            return True
        left, operator, right = term.split(" ")
        assert operator in ("==", "!="), term
        return (self._value(left) == self._value(right)) is (operator == "==")

    def _value(self, name: str) -> str:
        """Returns a literal, or the value of a name. As there, a missing output of a step is empty."""
        if name.startswith("'"):
            return name.strip("'")
        value: Any = self.contexts
        for key in name.split("."):
            if key not in value and name.startswith("steps."):
                return ""
            value = value[key]
        return str(value)


def _pairs(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines())
