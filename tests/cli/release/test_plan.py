"""`plan`: what it shows, its exit code, and how a saved plan is compared with the next one."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import __main__ as command
from cli import git

from ..releasing import CONTAINER, GATE, SERVICE, Project, digest, new_image, new_project, step

Call = Callable[..., tuple[int, str]]
OLD, NEW = (f"r.test/o/app@{digest(character)}" for character in "12")
KIND = "docker:index/container:Container"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return new_project(tmp_path, monkeypatch)


@pytest.fixture
def call(project: Project) -> Call:
    """Runs a command. Returns its exit code, and its output without line breaks."""

    def run(*words: str, answer: str = "") -> tuple[int, str]:
        ran = CliRunner().invoke(command.app, [*words, "--stack", "trial"], input=answer)
        return ran.exit_code, re.sub(r"\s+", " ", ran.output)

    return run


def test_without_a_change_the_exit_code_is_0_and_with_one_it_is_2(project: Project, call: Call) -> None:
    project.engine(0, preview=[SERVICE])
    assert call("plan") == (0, "trial: nothing to change ")
    project.engine(0, preview=[SERVICE, GATE])
    assert call("plan")[0] == 2
    project.engine(1, preview=[SERVICE])
    assert call("plan")[0] == 1


def test_a_release_is_shown_with_its_digests_and_the_commits_that_the_history_knows(
    project: Project, call: Call
) -> None:
    project.releases = [{"images": {"app": OLD}, "commits": {"app": "c0ffee"}}]
    project.engine(0, preview=[SERVICE, new_image("legal-app", OLD, NEW), CONTAINER])
    assert "releases legal/app app@111111111111 (commit c0ffee) -> app@222222222222" in call("plan")[1]


def test_drift_and_what_is_interrupted_are_apart_from_the_changes(project: Project, call: Call) -> None:
    gone = {"resOutputsEvent": step("nginx-server", "refresh", KIND)["resourcePreEvent"]}
    replaced = [step("nginx-server", operation, KIND) for operation in ("delete-replaced", "create-replacement")]
    project.engine(0, preview=[gone, *replaced])
    _, said = call("plan")
    assert "drift: changed on the host since the last up nginx is gone" in said
    assert "interrupts nginx all sites" in said
    assert said.index("drift") < said.index("interrupts") < said.index("changes nginx")
    project.engine(0, preview=[step("nginx-server", "create", KIND)])  # the first one interrupts nothing
    assert "interrupts" not in call("plan")[1]


def test_the_plan_of_one_service_is_limited_to_it(project: Project, call: Call) -> None:
    call("plan", "legal")
    assert "--target urn:pulumi:trial::sertantai::sertantai:service:Service**::legal" in project.calls[0]
    assert "did you mean legal?" in call("plan", "legall")[1]


def test_json_is_one_object(project: Project, call: Call) -> None:
    warning = {"diagnosticEvent": {"severity": "warning", "message": "a warning"}}
    project.engine(0, preview=[SERVICE, warning, new_image("legal-app", OLD, NEW), CONTAINER])
    ran = CliRunner().invoke(command.app, ["plan", "--json", "--stack", "trial"])
    shown = json.loads(ran.stdout)
    assert (ran.exit_code, shown["digests"]) == (2, {"legal/app": NEW})
    assert shown["releases"][0]["before"] == OLD


def test_up_applies_a_plan_that_is_still_true_without_a_question(
    project: Project, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = iter(["one", "two"])  # a merge has another commit than the branch that was planned
    monkeypatch.setattr(git, "commit", lambda: next(commits, ""))
    names = iter(["legal-app-0123456", "legal-app-89abcde"])  # a preview makes up the names of new containers

    def previewed(*diffs: str) -> None:
        old, new = (
            {"inputs": {"create": f"gate {name}", "stdin": name}} for name in ("legal-app-1111111", next(names))
        )
        gate = step("legal-app-gate", "update", old=old, new=new, diffs=diffs)
        project.engine(0, preview=[SERVICE, gate])

    previewed("create", "stdin")
    assert call("plan", "--save", str(tmp_path / "plan"))[0] == 2
    previewed("stdin", "create")  # the engine names them in any order
    code, said = call("up", "--plan", str(tmp_path / "plan"))
    assert code == 0
    assert "The plan is of commit one, and this is two. The plan is still the same." in said
    assert [each.split()[0] for each in project.calls] == ["preview", "preview", "up"]


def test_up_says_what_differs_from_the_plan_and_applies_it_only_if_told(
    project: Project, call: Call, tmp_path: Path
) -> None:
    file = str(tmp_path / "plan")
    project.engine(0, preview=[SERVICE, GATE, new_image("legal-app", OLD, OLD)])
    call("plan", "--save", file)
    project.engine(0, preview=[SERVICE, CONTAINER, new_image("legal-app", OLD, NEW)])
    code, said = call("up", "--plan", file)
    assert code == 1
    assert "image legal/app: app@111111111111 -> app@222222222222" in said
    assert "not in the plan: legal/app new container" in said
    assert "no longer: legal/app gate runs again" in said
    assert "Nothing was changed" in said
    assert [each.split()[0] for each in project.calls] == ["preview", "preview"]
    assert call("up", "--plan", file, "--yes")[0] == 0
    assert project.calls[-1].split()[0] == "up"


REAL = "ghcr.io/shotleybuilder/sertantai-legal-backend@"


def test_a_plan_that_began_with_another_release_would_take_that_one_back(
    project: Project, call: Call, tmp_path: Path
) -> None:
    file = str(tmp_path / "plan")

    def previewed(before: str) -> None:
        old, new = ({"inputs": {"image": REAL + digest(each)}} for each in (before, "2"))
        container = step("legal-app", "create-replacement", KIND, old=old, new=new, diffs=["image"])
        image = new_image("legal-app", REAL + digest(before), REAL + digest("2"))
        project.engine(0, preview=[SERVICE, image, container])

    previewed("1")
    call("plan", "--save", file)
    previewed("3")  # somebody has released another image since
    code, said = call("up", "--plan", file)
    assert (code, [each.split()[0] for each in project.calls]) == (1, ["preview", "preview"])
    assert (
        "runs by now: legal/app: sertantai-legal-backend@333333333333, "
        "and the plan is from sertantai-legal-backend@111111111111"
    ) in said


@pytest.mark.parametrize(
    ("name", "old", "now", "new"),
    [
        ("envs", ["A=1"], ["A=2"], ["A=3"]),
        ("stdin", '{"limit": 1}', '{"limit": 2}', '{"limit": 3}'),
        ("upload", "a" * 70, "b" * 70, "c" * 70),
    ],
)
def test_other_values_of_the_same_change_differ(
    project: Project, call: Call, tmp_path: Path, name: str, old: object, now: object, new: object
) -> None:
    file = str(tmp_path / "plan")

    def previewed(value: object) -> None:
        before, after = ({"inputs": {name: each}} for each in (old, value))
        project.engine(0, preview=[SERVICE, step("legal-app-gate", "update", old=before, new=after, diffs=[name])])

    previewed(now)
    call("plan", "--save", file)
    previewed(new)
    code, said = call("up", "--plan", file)
    assert code == 1
    assert "other values: legal/app gate changed" in said
    call("plan", "--save", file)
    assert "The plan is still the same." in call("up", "--plan", file)[1]


def test_an_environment_that_the_engine_hides_is_compared_in_the_stack_file(
    project: Project, call: Call, tmp_path: Path
) -> None:
    file, first = str(tmp_path / "plan"), project.file.read_text()
    project.engine(0, preview=[SERVICE, GATE])
    project.file.write_text(first.replace("port: 4000", "port: 4000\n        env: {A: one}"))
    call("plan", "--save", file)
    project.file.write_text(first.replace("port: 4000", "port: 4000\n        env: {A: two}"))
    assert "other values: services/legal" in call("up", "--plan", file)[1]
    project.file.write_text(first.replace("port: 4000", "port: 4000 # a word\n        env: {A: one}"))
    project.file.write_text(project.file.read_text().replace("port: 4001", "port: 4002"))  # auth has no change
    assert "The plan is still the same." in call("up", "--plan", file)[1]


def test_secrets_and_made_up_names_are_not_compared(project: Project, call: Call, tmp_path: Path) -> None:
    file = str(tmp_path / "plan")
    names = iter(["legal-app-0123456", "legal-app-89abcde"])

    def previewed(sealed: str) -> None:
        secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": sealed}
        new = {"inputs": {"name": next(names), "envs": secret, "networks": [{"aliases": ["legal"]}]}}
        project.engine(0, preview=[SERVICE, step("legal-app", "create", KIND, new=new)])

    previewed("one")
    call("plan", "--save", file)
    assert "one" not in Path(file).read_text()
    previewed("two")
    assert "The plan is still the same." in call("up", "--plan", file)[1]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "No such file"),
        ("{", "is no plan that `plan --save` has written"),
        ('{"format": 0}', "another version of sertantai has saved it"),
    ],
)
def test_a_file_that_is_no_plan_is_refused(
    project: Project, call: Call, tmp_path: Path, text: str | None, why: str
) -> None:
    if text is not None:
        (tmp_path / "plan").write_text(text)
    code, said = call("up", "--plan", str(tmp_path / "plan"))
    assert (code, project.calls) == (1, [])
    assert why in said


def test_a_plan_of_one_service_is_not_one_of_the_stack(project: Project, call: Call, tmp_path: Path) -> None:
    call("plan", "legal", "--save", str(tmp_path / "plan"))
    assert "is a plan of legal of trial" in call("up", "--plan", str(tmp_path / "plan"))[1]
