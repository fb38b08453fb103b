"""`rollback`: which release it goes back to, and what it writes."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import __main__ as command
from cli.refused import Refused
from cli.release.rollback import choose

from ..releasing import Project, digest, new_project


def release(number: int, result: str = "serves", **images: str) -> dict[str, Any]:
    return {"number": number, "result": result, "images": images, "tags": {}, "commits": {}}


SECOND = {"app": "app:1@sha256:2"}


def test_after_a_success_it_is_the_release_before_and_after_a_failure_the_one_that_serves() -> None:
    served = [release(2, app="app@sha256:2"), release(1, app="app@sha256:1")]
    assert choose("legal", served, SECOND, 0)["number"] == 1
    assert (
        choose("legal", [release(3, "failed", app="app@sha256:3"), *served], {"app": "app:1@sha256:3"}, 0)["number"]
        == 2
    )


def test_a_tag_without_a_digest_is_what_the_newest_release_had() -> None:
    served = [release(2, app="app@sha256:2"), release(1, app="app@sha256:1")]
    assert choose("legal", served, {"app": "app:1"}, 0)["number"] == 1


def test_a_release_with_the_same_images_and_one_that_never_served_are_passed_over() -> None:
    releases = [
        release(4, app="app@sha256:2"),
        release(3, app="app@sha256:2"),
        release(2, "interrupted", app="app@sha256:9"),
        release(1, app="app@sha256:1"),
    ]
    assert choose("legal", releases, SECOND, 0)["number"] == 1
    with pytest.raises(Refused, match="release 2 of legal did not serve; these did: 1, 3, 4"):
        choose("legal", releases, SECOND, 2)


def test_without_another_release_it_says_so() -> None:
    with pytest.raises(Refused, match="no release that served with other images"):
        choose("legal", [release(1, app="app@sha256:2")], SECOND, 0)


def test_it_goes_back_from_an_image_that_is_no_image_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project: Project = new_project(tmp_path, monkeypatch)
    project.file.write_text(project.file.read_text().replace("r.test/o/app:1\n", "r.test/O/app:1\n"))
    project.releases = [release(each, app=f"r.test/o/app@{digest(str(each))}") for each in (2, 1)]
    ran = CliRunner().invoke(command.app, ["rollback", "legal", "--stack", "trial", "--yes"])
    assert ran.exit_code == 0, ran.output
    assert f"image: r.test/o/app@{digest('1')}\n" in project.applied


def test_it_writes_the_earlier_digests_with_their_tags_and_asks_no_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project: Project = new_project(tmp_path, monkeypatch)
    text = project.file.read_text()
    project.file.write_text(text.replace("r.test/o/app:1\n        port", f"r.test/o/app:2@{digest('2')}\n        port"))
    images = {"app": f"r.test/o/app@{digest('1')}", "frontend": f"r.test/o/frontend@{digest('f')}"}
    project.releases = [{**release(1, **images, electric=f"electric@{digest('e')}"), "tags": {"app": "r.test/o/app:1"}}]
    ran = CliRunner().invoke(command.app, ["rollback", "legal", "--stack", "trial", "--yes"])
    assert ran.exit_code == 0, ran.output
    assert f"image: r.test/o/app:1@{digest('1')}\n" in project.applied
    assert f"r.test/o/frontend:1@{digest('f')}" in project.applied
    assert f"electric:1@{digest('e')}" in project.applied
