"""The example of GitHub Actions: its texts, and its jobs on a stand-in of the runner."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from cli.__main__ import app
from tests.places import ROOT

from .actions import Runner, load

EXAMPLE = ROOT / "docs/examples/github-actions"
WORKFLOWS = {file.stem: load(file) for file in sorted((EXAMPLE / "workflows").glob("*.yml"))}
ACTION = yaml.safe_load((EXAMPLE / "actions/sertantai/action.yml").read_text())
CALL = re.compile(r"\./sertantai ([^>|&\n]+)")
HEAD, MERGED = "c0ffee" * 6, "decaf0" * 6


def scripts() -> Iterator[tuple[str, str]]:
    """Yields the text of each step that runs bash, with its name."""
    jobs = {name: [step for job in flow["jobs"].values() for step in job["steps"]] for name, flow in WORKFLOWS.items()}
    for name, steps in (jobs | {"action": ACTION["runs"]["steps"]}).items():
        for step in steps:
            if "run" in step:
                yield f"{name}: {step['name']}", step["run"]


SCRIPTS = [pytest.param(text, id=name) for name, text in scripts()]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_has_few_rights_and_never_runs_twice_at_once(name: str) -> None:
    flow = WORKFLOWS[name]
    assert flow["permissions"].pop("contents") == "read"
    written = {right for right, value in flow["permissions"].items() if value == "write"}
    assert written == {"plan": {"pull-requests"}, "apply": set(), "images": {"packages"}}[name]
    assert flow["concurrency"]["cancel-in-progress"] is (name == "plan"), "only a plan may be cancelled"
    assert all("timeout-minutes" in job for job in flow["jobs"].values())


def test_only_the_apply_uses_the_protected_environment_after_a_merge() -> None:
    assert WORKFLOWS["apply"]["on"] == {"push": {"branches": ["main"]}}
    assert WORKFLOWS["plan"]["on"] == {"pull_request": {"branches": ["main"]}}
    assert WORKFLOWS["images"]["on"] == {"push": {"tags": ["v*"]}}
    used = {name: job.get("environment") for name, flow in WORKFLOWS.items() for job in flow["jobs"].values()}
    assert used == {"plan": "production-plan", "apply": "production", "images": None}


def test_actions_of_others_are_pinned_by_commit_and_only_steps_that_run_bash_have_secrets() -> None:
    jobs = [job for flow in WORKFLOWS.values() for job in flow["jobs"].values()]
    for block in [*WORKFLOWS.values(), *jobs]:
        assert "secrets." not in str(block.get("env")), "every action of the job would have it"
    steps = [step for each in [*jobs, ACTION["runs"]] for step in each["steps"]]
    others = [step for step in steps if "uses" in step and not step["uses"].startswith("./")]
    for step in others:
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"]), "whoever owns the action can move a tag"
        assert "secrets." not in str(step)


@pytest.mark.parametrize("text", SCRIPTS)
def test_bash_and_shellcheck_accept_a_step_and_no_expression_can_add_code_to_it(text: str) -> None:
    assert subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True).stderr == ""
    assert "${{" not in text, "a title or a branch's name would be code: pass it by env"
    if shutil.which("shellcheck"):
        checked = subprocess.run(
            ["shellcheck", "-s", "bash", "-S", "warning", "-"], input=text, capture_output=True, text=True
        )
        assert checked.stdout == ""


def test_every_command_and_option_exists() -> None:
    calls = [shlex.split(words) for _, text in scripts() for words in CALL.findall(text)]
    assert calls
    for words in calls:
        command: Any = typer.main.get_command(app)
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        options = {option for each in command.params for option in each.opts}
        assert {word for word in words if word.startswith("-")} <= options


class Project:
    """A checked-out repository with the example, and doubles of `./sertantai`, gh and docker."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.github, programs = folder / "checkout", folder / "github", folder / "programs"
        for each in (self.folder, self.github, programs):
            each.mkdir()
        shutil.copytree(EXAMPLE, self.folder / ".github")
        shutil.copy(ROOT / "Makefile", self.folder)
        (self.folder / "requirements.txt").touch()
        (self.folder / ".venv").mkdir()
        (self.folder / ".venv/.ready").touch()
        self.key = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True)
        gh = f'#!/bin/sh\nGH_FOLDER={self.github} exec {sys.executable} {Path(__file__).with_name("gh.py")} "$@"\n'
        executable(programs / "gh", gh)
        executable(
            programs / "docker",
            f'#!/bin/sh\necho "$@" >> {self.github}/docker\n[ "$1" != login ] || cat > {self.github}/login\n',
        )
        event = {"number": 7, "head": {"sha": HEAD, "repo": {"full_name": "owner/platform"}}}
        github = {
            "repository": "owner/platform", "repository_owner": "owner", "sha": MERGED, "token": "a token",
            "actor": "somebody", "server_url": "https://github.com", "ref_name": "v1.2.0",
            "event": {"pull_request": event},
        }  # fmt: skip
        names = ("PULUMI_CONFIG_PASSPHRASE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        secrets = {**dict.fromkeys(names, "a secret"), "SSH_KEY": self.key.read_text()}
        values = {"PULUMI_BACKEND_URL": "s3://state", "AWS_REGION": "fsn1"}
        path = os.pathsep.join([str(programs), os.environ["PATH"]])
        self.runner = Runner(self.folder, {"github": github, "secrets": secrets, "vars": values}, path)

    def command(self, code: int, output: str = "auth: app  new image") -> None:
        """What `./sertantai` prints, and its exit code. It writes the plan if there is one."""
        lines = [f"echo {shlex.quote(output)}", 'echo "$SERTANTAI_STACK $PULUMI_BACKEND_URL $*" >> calls']
        lines += ['echo "$PULUMI_CONFIG_PASSPHRASE, $AWS_ACCESS_KEY_ID, $AWS_SECRET_ACCESS_KEY" >> secrets']
        lines += ['[ "$1" != up ] || cat "$3" >> applied'] + (["echo '{}' > plan.json"] if code != 1 else [])
        executable(self.folder / "sertantai", "\n".join(["#!/bin/sh", "ssh-add -l >> keys", *lines, f"exit {code}\n"]))

    @property
    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def comment(self) -> str:
        return (self.github / "comment-7.md").read_text()

    @property
    def kept(self) -> list[str]:
        return [values["path"] for name, values in self.runner.uses if name == "actions/upload-artifact"]


def executable(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_plan_with_changes_is_a_comment_and_is_kept(project: Project) -> None:
    project.command(2)
    assert project.runner.run(WORKFLOWS["plan"], "plan"), project.runner.output
    assert project.calls == ["prod s3://state plan --save plan.json"]
    assert (project.folder / "secrets").read_text() == "a secret, a secret, a secret\n"
    assert f"What a merge of {HEAD} would change on prod" in project.comment
    assert "auth: app  new image" in project.comment
    assert project.kept == ["plan.json"]


def test_a_plan_without_changes_says_so(project: Project) -> None:
    project.command(0)
    assert project.runner.run(WORKFLOWS["plan"], "plan"), project.runner.output
    assert "Nothing would change on prod" in project.comment
    assert project.kept == ["plan.json"]


def test_a_plan_that_fails_is_a_comment_fails_the_check_and_is_not_kept(project: Project) -> None:
    project.command(1, "services/auth/app/prot: is not a known setting")
    assert not project.runner.run(WORKFLOWS["plan"], "plan")
    assert "has failed" in project.comment
    assert "services/auth/app/prot" in project.comment
    assert project.kept == []


def test_a_long_plan_is_cut_to_what_github_accepts(project: Project) -> None:
    project.command(2, "a change " * 20_000)
    assert project.runner.run(WORKFLOWS["plan"], "plan"), project.runner.output
    assert len(project.comment) > 50_000


def test_a_pull_request_of_a_fork_is_skipped_unless_it_changes_the_workflow(project: Project) -> None:
    project.runner.contexts["github"]["event"]["pull_request"]["head"]["repo"]["full_name"] = "fork/platform"
    with pytest.raises(AssertionError, match="does not run"):
        project.runner.run(WORKFLOWS["plan"], "plan")


def test_the_agent_has_the_key_and_is_stopped(project: Project) -> None:
    project.command(2)
    assert project.runner.run(WORKFLOWS["plan"], "plan"), project.runner.output
    assert "ED25519" in (project.folder / "keys").read_text()
    assert "killed" in project.runner.output
    assert project.key.read_text().splitlines()[1] not in project.runner.output


def merged(project: Project, *, status: str = "success") -> None:
    """The pull request is merged, and its plan was made."""
    (project.github / "pulls.json").write_text(json.dumps({MERGED: [{"head": {"sha": HEAD}}]}))
    run = {"id": 11, "workflow": "plan.yml", "commit": HEAD, "status": status}
    (project.github / "runs.json").write_text(json.dumps([run]))
    artifact = project.github / "artifacts/11/plan"
    artifact.mkdir(parents=True)
    (artifact / "plan.json").write_text('{"the plan of": "the pull request"}\n')


def test_a_merge_applies_the_plan_of_its_pull_request(project: Project) -> None:
    merged(project)
    project.command(0)
    assert project.runner.run(WORKFLOWS["apply"], "apply"), project.runner.output
    assert project.calls == ["prod s3://state up --plan plan.json"]
    assert (project.folder / "secrets").read_text() == "a secret, a secret, a secret\n"
    assert json.loads((project.folder / "applied").read_text()) == {"the plan of": "the pull request"}


def test_a_push_without_a_pull_request_applies_nothing(project: Project) -> None:
    merged(project)
    (project.github / "pulls.json").write_text("{}")
    project.command(0)
    assert not project.runner.run(WORKFLOWS["apply"], "apply")
    assert project.calls == []
    assert f"{MERGED} is of no pull request, so it has no plan" in project.runner.output


def test_a_plan_that_failed_is_not_applied(project: Project) -> None:
    merged(project, status="failure")
    project.command(0)
    assert not project.runner.run(WORKFLOWS["apply"], "apply")
    assert project.calls == []
    assert f"{HEAD} has no plan that succeeded" in project.runner.output


def test_an_apply_that_fails_fails_the_job(project: Project) -> None:
    merged(project)
    project.command(1, "auth/app: died with exit code 1")
    assert not project.runner.run(WORKFLOWS["apply"], "apply")
    assert "auth/app: died with exit code 1" in project.runner.output


@pytest.mark.parametrize("folder", ["backend", "frontend"])
def test_an_image_has_the_tag_and_the_commit_and_the_token_comes_by_stdin(project: Project, folder: str) -> None:
    [job] = WORKFLOWS["images"]["jobs"].values()
    [project.runner.contexts["matrix"]] = [
        each for each in job["strategy"]["matrix"]["include"] if each["folder"] == folder
    ]
    assert project.runner.run(WORKFLOWS["images"], "image"), project.runner.output
    login, build, push, logout = (project.github / "docker").read_text().splitlines()
    image = f"ghcr.io/owner/sertantai-legal-{folder}:v1.2.0"
    assert build.endswith(f"--tag {image} {folder}")
    assert f"org.opencontainers.image.revision={MERGED}" in build
    assert push == f"push {image}"
    assert "a token" not in login
    assert (project.github / "login").read_text() == "a token\n"
    assert logout == "logout ghcr.io"
