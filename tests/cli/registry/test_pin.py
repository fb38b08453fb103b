"""`pin` writes digests into a stack file, and `pin --check` says which are missing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cli.__main__ import app
from cli.registry import pin as pins
from cli.registry import registry_login
from cli.stack import services
from tests.doubles.ghcr import Ghcr, serving

DIGEST = f"sha256:{'b' * 64}"


@pytest.fixture
def ghcr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ghcr]:
    monkeypatch.setattr(services, "ROOT", tmp_path)
    monkeypatch.setattr(pins, "ROOT", tmp_path)
    registry_login._token.cache_clear()
    with serving() as world:
        world.tokens = {"own": ["read:packages"]}
        for name in ("postgres", "legal", "site"):
            for tag in ("1", "latest"):
                world.add(f"owner/{name}", tag, created=f"{name} {tag}")
        (tmp_path / "Pulumi.here.yaml").write_text(
            f"config:\n"
            f"  sertantai:registry: {{server: '{world.server}', username: tester}}\n"
            f"  sertantai:registry_token: own\n"
            f"  sertantai:postgres: {{image: '{world.server}/owner/postgres:1', memory_mb: 64}}   # the cluster\n"
            f"  sertantai:services:\n"
            f"    legal:\n"
            f"      app: {{image: '{world.server}/owner/legal'}}\n"
            f"      frontend:\n"
            f"        image: {world.server}/owner/site:1 # the page\n"
            f"    auth: {{app: {{image: 'elsewhere.example/auth:1@{DIGEST}'}}}}\n"
        )
        yield world


def call(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["pin", *words, "--stack", "here"])
    return result.exit_code, result.output


def test_each_tag_keeps_its_place_and_gets_its_digest(ghcr: Ghcr, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.here.yaml"
    before = file.read_text()
    code, shown = call()
    digests = {name: ghcr.tags[f"owner/{name}"] for name in ("postgres", "legal", "site")}
    wanted = before.replace("postgres:1", f"postgres:1@{digests['postgres']['1']}")
    wanted = wanted.replace("owner/legal", f"owner/legal:latest@{digests['legal']['latest']}")
    wanted = wanted.replace("owner/site:1", f"owner/site:1@{digests['site']['1']}")
    assert (code, file.read_text()) == (0, wanted)
    assert f"services/legal/frontend/image: {ghcr.server}/owner/site:1@{digests['site']['1']}" in shown.splitlines()
    ghcr.asked.clear()
    assert call()[0] == call("--check")[0] == 0
    assert ghcr.asked == []


def test_one_service_is_pinned_alone(ghcr: Ghcr, tmp_path: Path) -> None:
    assert call("legal")[0] == 0
    config = yaml.safe_load((tmp_path / "Pulumi.here.yaml").read_text())["config"]
    assert "@" in config["sertantai:services"]["legal"]["app"]["image"]
    assert "@" not in config["sertantai:postgres"]["image"]


def test_check_lists_what_has_no_digest_and_changes_nothing(ghcr: Ghcr, tmp_path: Path) -> None:
    before = (tmp_path / "Pulumi.here.yaml").read_text()
    code, shown = call("--check")
    assert code == 2
    assert [line.partition(":")[0] for line in shown.splitlines()] == [
        "postgres/image",
        "services/legal/app/image",
        "services/legal/frontend/image",
    ]
    assert (tmp_path / "Pulumi.here.yaml").read_text() == before
    assert ghcr.asked == []


def test_what_cannot_be_pinned_is_listed_and_the_rest_is_pinned(ghcr: Ghcr, tmp_path: Path) -> None:
    del ghcr.tags["owner/postgres"]
    del ghcr.tags["owner/site"]["1"]
    code, shown = call()
    assert code == 1
    assert "postgres/image: " in shown
    assert "services/legal/frontend/image: " in shown
    assert "no such tag; the newest are latest" in shown
    assert "owner/legal:latest@sha256:" in (tmp_path / "Pulumi.here.yaml").read_text()


def test_a_service_that_does_not_exist_is_refused(ghcr: Ghcr) -> None:
    code, shown = call("legla")
    assert (code, "did you mean legal?" in shown) == (1, True)
