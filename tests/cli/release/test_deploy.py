"""`deploy`: what it writes, asks, releases and says, with a stand-in of the engine."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import __main__ as command
from cli.refused import Refused
from cli.registry import registry
from cli.registry.registry import RemoteImage
from cli.release import checking

from ..releasing import CONTAINER, GATE, SERVICE, SWITCH, Project, digest, ended, failed, image, new_image, new_project

DIGEST_TAG = f"1@{digest('a')}"
Deploy = Callable[..., tuple[int, str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose registry has each tag."""
    monkeypatch.setattr(registry, "resolve", lambda name, _: digest(name.rpartition(":")[2]))
    labels = {"org.opencontainers.image.revision": "c0ffee"}
    monkeypatch.setattr(
        registry, "inspect", lambda *_: RemoteImage(digest="", created=registry.LONG_AGO, labels=labels)
    )
    monkeypatch.setattr(checking, "compare_version", lambda *_: None)
    return new_project(tmp_path, monkeypatch)


@pytest.fixture
def deploy(project: Project) -> Deploy:
    """Runs `deploy`. Returns its exit code, and its output without line breaks."""

    def run(*words: str, answer: str = "y\n") -> tuple[int, str]:
        ran = CliRunner().invoke(command.app, ["deploy", *words, "--stack", "trial"], input=answer)
        return ran.exit_code, re.sub(r"\s+", " ", ran.output)

    return run


def image_of(text: str, part: str) -> str:
    """Returns the image of a part of the service legal, as the text of a stack file has it."""
    found = re.search(rf"legal:.*?{part}:.*?image: \"?([^\s\"}},]+)", text, re.DOTALL)
    assert found
    return found[1]


def test_it_writes_the_digests_of_app_and_frontend_then_plans_and_releases_that_service_alone(
    project: Project, deploy: Deploy
) -> None:
    project.engine(0, preview=[SERVICE, CONTAINER], up=[SERVICE, CONTAINER, ended(CONTAINER)])
    code, _ = deploy("legal")
    assert code == 0
    assert image_of(project.applied, "app") == f"r.test/o/app:1@{digest('1')}"
    assert image_of(project.applied, "frontend") == f"r.test/o/frontend:1@{digest('1')}"
    assert "legal: # the first" in project.applied
    assert [call.split()[0] for call in project.calls] == ["preview", "up"]
    assert all(
        "--target urn:pulumi:trial::sertantai::sertantai:service:Service**::legal" in call for call in project.calls
    )


def test_a_release_behind_a_closed_door_says_that_the_site_is_closed(project: Project, deploy: Deploy) -> None:
    assert "is closed" not in deploy("legal", "--yes")[1]
    text = project.file.read_text().replace("legal: # the first\n", "legal:\n      maintenance: true\n")
    project.file.write_text(text)
    assert (
        "legal: its site is closed: `./sertantai maintenance off legal --stack trial` opens it"
        in deploy("legal", "--yes")[1]
    )


def test_no_other_image_is_looked_up_and_electric_stays_the_one_that_runs(project: Project, deploy: Deploy) -> None:
    project.state(
        image("legal-electric", f"electric@{digest('e')}"), image("auth-app", f"r.test/o/app@{digest('a')}", "auth")
    )
    assert deploy("legal", "--yes")[0] == 0
    [call] = project.calls
    assert f'"electric:1": "{digest("e")}"' in call
    assert f'"r.test/o/app:1": "{digest("a")}"' in call


def test_a_declined_plan_leaves_the_stack_file_as_it_was(project: Project, deploy: Deploy) -> None:
    before = project.file.read_text()
    project.engine(0, preview=[SERVICE, CONTAINER])
    code, said = deploy("legal", answer="n\n")
    assert (code, project.file.read_text()) == (1, before)
    assert "Nothing was changed; Pulumi.trial.yaml is as it was." in said
    assert [call.split()[0] for call in project.calls] == ["preview"]


def test_a_failed_preview_leaves_the_stack_file_as_it_was(project: Project, deploy: Deploy) -> None:
    before = project.file.read_text()
    project.engine(3)
    assert deploy("legal")[0] == 1  # 2 would mean: there are changes
    assert project.file.read_text() == before


def test_a_release_that_does_not_begin_leaves_the_stack_file_as_it_was(project: Project, deploy: Deploy) -> None:
    before = project.file.read_text()
    project.engine(255, up=[])  # somebody else has the stack's lock
    code, said = deploy("legal", "--yes")
    assert (code, project.file.read_text()) == (1, before)
    assert "Nothing was changed; Pulumi.trial.yaml is as it was." in said


def test_a_failed_release_says_what_serves_and_how_to_go_back_and_keeps_the_digest(
    project: Project, deploy: Deploy
) -> None:
    app = new_image("legal-app", "app@sha256:0", "app@sha256:1")
    project.engine(1, up=[SERVICE, app, ended(app), GATE, *failed(GATE, "legal/app: died with exit code 1")])
    code, said = deploy("legal", "--backend", "--yes")
    assert code == 1
    assert "legal: the release before still serves" in said
    assert "`./sertantai rollback legal --stack trial`" in said
    assert "Pulumi.trial.yaml keeps the new settings" in said
    assert image_of(project.file.read_text(), "app").endswith(digest("1"))
    [last] = [each["services"]["legal"] for each in project.recorded[-1:]]
    assert (last["result"], last["error"]) == ("failed", "legal/app: died with exit code 1")
    assert (last["images"], last["tags"]) == ({"app": "app@sha256:1"}, {"app": "r.test/o/app:1"})


def test_a_failure_after_the_switch_says_that_the_new_release_serves(project: Project, deploy: Deploy) -> None:
    retire = {**GATE, "resourcePreEvent": {"metadata": {**GATE["resourcePreEvent"]["metadata"]}}}
    retire["resourcePreEvent"]["metadata"]["urn"] = GATE["resourcePreEvent"]["metadata"]["urn"].replace(
        "app-gate", "retire"
    )
    project.engine(1, up=[SERVICE, SWITCH, ended(SWITCH), retire, *failed(retire, "legal/retire: no answer")])
    assert "legal: the new release serves; only steps after the switch are left" in deploy("legal", "--yes")[1]


def test_flags_of_electric_and_migrations_raise_their_counters(project: Project, deploy: Deploy) -> None:
    assert deploy("legal", "--electric", "--yes")[0] == 0
    assert "restart_generation: 2" in project.applied
    assert image_of(project.applied, "app") == "r.test/o/app:1"
    assert deploy("legal", "--electric-clear-cache", "--yes")[0] == 0
    assert "cache_generation: 1" in project.applied
    assert deploy("legal", "--backend", "--migrate", "--yes")[0] == 0
    assert "migrate_generation: 1" in project.applied


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["lega"], "did you mean legal?"),
        (["auth", "--frontend"], "--frontend: auth has no frontend"),
        (["auth", "--electric"], "--electric: auth has no electric"),
        (["auth", "--migrate"], "--migrate: services/auth/app/migrate is not set"),
        (["legal", "--electric", "--tag", "2"], "--tag: Electric's image has tags of its own"),
        (["legal", "--electric", "--electric-clear-cache"], "leave --electric and --with-electric out"),
        (["legal", "--check-only", "--tag", "2"], "--check-only: changes nothing"),
        (["legal", "--commit"], "--commit: this is no git checkout"),
        *[(["legal", f"--tag={tag}"], f"--tag: {tag} must be letters") for tag in (DIGEST_TAG, "a b", "x/y", "-1")],
    ],
)
def test_flags_that_do_not_fit_are_refused_before_anything_happens(
    project: Project, deploy: Deploy, words: list[str], why: str
) -> None:
    before = project.file.read_text()
    code, said = deploy(*words, "--yes")
    assert (code, project.calls, project.file.read_text()) == (1, [], before)
    assert why in said


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("r.test/O/app:1", "must be an image reference such as"),
        ('"r.test/o/app:"', "must be an image reference such as"),
        ("r.test/o/app@sha256:1", "must be an image reference such as"),
        (f"r.test/o/app@{digest('a')}", "has a digest and no tag: name the new one with --tag"),
        ("5", "is missing, or is not text: name the image there"),
        ("", "is missing, or is not text: name the image there"),
    ],
)
def test_an_image_that_names_nothing_to_deploy_is_refused_at_its_setting(
    project: Project, deploy: Deploy, written: str, why: str
) -> None:
    project.file.write_text(project.file.read_text().replace("image: r.test/o/app:1\n", f"image: {written}\n"))
    code, said = deploy("legal", "--yes")
    assert (code, project.calls) == (1, [])
    assert said.startswith(f"services/legal/app/image: {why}")


def test_a_tag_that_the_registry_does_not_have_is_refused_at_its_setting(
    project: Project, deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str, _: object) -> str:
        raise Refused(f"{name}: no such tag; the newest are 1, 2")

    monkeypatch.setattr(registry, "resolve", refuse)
    code, said = deploy("legal", "--backend", "--tag", "9")
    assert (code, project.calls) == (1, [])
    assert "services/legal/app/image: r.test/o/app:9: no such tag; the newest are 1, 2" in said


def test_a_service_that_is_stopped_on_purpose_is_not_deployed(project: Project, deploy: Deploy) -> None:
    project.file.write_text(project.file.read_text().replace("legal: # the first", "legal:\n      stopped: [app]"))
    assert "services/legal/stopped names app" in deploy("legal", "--backend", "--yes")[1]
    assert deploy("legal", "--yes")[0] == 0
    assert image_of(project.applied, "app") == "r.test/o/app:1"
