"""After a release, `deploy` compares the version that the app says with the one of its image."""

from pathlib import Path

import pytest

from cli.release import checking
from cli.server import at_host

from ..releasing import new_project


@pytest.mark.parametrize(("port", "asked"), [("        port: 4000\n", 4000), ("        port: 80\n", 80), ("", 4000)])
def test_the_app_is_asked_at_its_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], port: str, asked: int
) -> None:
    project = new_project(tmp_path, monkeypatch)
    project.file.write_text(project.file.read_text().replace("        port: 4000\n", port))
    calls: list[tuple[str, ...]] = []

    def read_json(*words: str) -> dict[str, list[str]]:
        calls.append(words)
        return {"says": ["1.4.1"], "labels": ["1.4.2"]}

    monkeypatch.setattr(at_host, "read_json", read_json)
    checking.compare_version("trial", "legal")
    assert calls == [("trial", "version", "trial", "legal", "--port", str(asked), "--path", "/health")]
    assert "legal/app: /health says 1.4.1 and its image 1.4.2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("says", "labels", "same"),
    [
        (["1.4.2"], ["1.4.2", "c0ffee0000"], True),
        (["1.4.2"], ["v1.4.2"], True),
        (["c0ffee0"], ["1.4.2", "c0ffee0000aa"], True),
        (["1.4.1"], ["1.4.2", "c0ffee0000aa"], False),
        (["1.4.1"], ["c0ffee0000aa"], None),
        (["c0ffee1"], ["1.4.1", "c0ffee0000aa"], False),
        ([], ["1.4.1"], None),
    ],
)
def test_an_app_that_says_another_version_than_its_image_is_told_from_one_that_says_the_same(
    says: list[str], labels: list[str], same: bool | None
) -> None:
    assert checking.is_same(says, labels) is same
