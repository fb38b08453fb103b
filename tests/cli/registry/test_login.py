"""`login` checks a token before it keeps it, and shows it nowhere."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cli.__main__ import app
from cli.engine import state
from cli.registry import login as logins
from cli.registry import registry, registry_login
from cli.registry.registry_http import Credentials
from cli.stack import services
from tests.doubles.ghcr import Ghcr, serving
from tests.e2e.runner import has_engine

TOKEN = "ghp_typed"


@pytest.fixture
def ghcr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ghcr]:
    monkeypatch.setattr(services, "ROOT", tmp_path)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    registry_login._token.cache_clear()
    with serving() as world:
        monkeypatch.setitem(registry.TOKEN_OWNERS, world.server, f"http://{world.server}/user")
        world.tokens = {TOKEN: ["read:packages"]}
        (tmp_path / "Pulumi.here.yaml").write_text(
            f"config: # kept\n"
            f"  sertantai:registry: {{server: '{world.server}', username: tester}}\n"
            f"  sertantai:nginx: {{image: 'nginx:1'}}\n"
            f"  sertantai:services: {{legal: {{app: {{image: '{world.server}/owner/legal:1'}}}}}}\n"
        )
        yield world


def call(*words: str, token: str = TOKEN) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["login", *words, "--stack", "here"], input=f"{token}\n")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert "ghp_" not in result.output
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[str, ...], str]]:
    """What the Pulumi CLI is asked to keep, and what it gets on standard input."""
    asked: list[tuple[tuple[str, ...], str]] = []
    monkeypatch.setattr(logins, "find_or_install", lambda: "pulumi")
    monkeypatch.setattr(state, "call", lambda *words, stdin="", **_: asked.append((words, stdin)))
    return asked


def test_a_token_that_may_read_is_kept_encrypted(ghcr: Ghcr, kept: list[tuple[tuple[str, ...], str]]) -> None:
    code, shown = call()
    assert kept == [(("pulumi", "here", "config", "set", "--secret", "sertantai:registry_token"), TOKEN)]
    assert code == 0
    assert "its scopes: read:packages" in shown


@pytest.mark.parametrize(
    ("scopes", "words"),
    [
        (["write:packages"], "lacks read:packages (it has write:packages)"),
        (["repo"], "lacks read:packages (it has repo)"),
        (None, "has expired, was revoked or is wrong"),
    ],
)
def test_a_token_that_may_not_read_is_refused_by_what_it_lacks_and_not_kept(
    ghcr: Ghcr, kept: list[tuple[tuple[str, ...], str]], scopes: list[str] | None, words: str
) -> None:
    ghcr.tokens = {TOKEN: scopes} if scopes else {}
    code, shown = call()
    assert (code, words in shown, kept) == (1, True, [])
    assert "settings/tokens/new?scopes=read:packages, then run `./sertantai login --stack here`" in shown


def test_a_token_that_may_do_more_or_ends_soon_is_kept_with_a_warning(
    ghcr: Ghcr, kept: list[tuple[tuple[str, ...], str]]
) -> None:
    ghcr.tokens = {TOKEN: ["read:packages", "write:packages"]}
    ghcr.expiry = f"{datetime.now(UTC) + timedelta(days=3, hours=1):%Y-%m-%d %H:%M:%S UTC}"
    code, shown = call()
    assert (code, len(kept)) == (0, 1)
    assert "warning: it may do more than read" in shown
    assert "in 3 days" in shown


@pytest.mark.parametrize("token", ["", "two words"])
def test_no_token_is_refused(ghcr: Ghcr, kept: list[tuple[tuple[str, ...], str]], token: str) -> None:
    code, shown = call(token=token)
    assert (code, "there is no token" in shown, kept) == (1, True, [])


@pytest.mark.docker
def test_a_token_that_may_push_is_kept_by_docker(ghcr: Ghcr, tmp_path: Path) -> None:
    ghcr.tokens = {TOKEN: ["read:packages", "write:packages"]}
    (tmp_path / "docker").mkdir()
    assert call("--push", "--username", "other")[0] == 0
    saved = json.loads((tmp_path / "docker" / "config.json").read_text())["auths"][ghcr.server]["auth"]
    assert base64.b64decode(saved).decode() == f"other:{TOKEN}"
    assert registry_login.of_docker(ghcr.server)


def test_a_token_that_may_only_read_is_not_kept_to_push(ghcr: Ghcr, tmp_path: Path) -> None:
    code, shown = call("--push")
    assert (code, "lacks write:packages" in shown) == (1, True)
    assert not (tmp_path / "docker").exists()


@pytest.mark.engine
@pytest.mark.skipif(not has_engine(), reason="no Pulumi CLI")
def test_the_engine_encrypts_the_token_and_keeps_the_file(
    ghcr: Ghcr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(), "PULUMI_CONFIG_PASSPHRASE": "tested"}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(state, "ROOT", tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: sertantai\nruntime: python\n")
    subprocess.run(["pulumi", "stack", "init", "here"], cwd=tmp_path, env=os.environ, check=True, capture_output=True)
    assert call()[0] == 0
    text = (tmp_path / "Pulumi.here.yaml").read_text()
    assert TOKEN not in text
    assert yaml.safe_load(text)["config"]["sertantai:registry_token"].keys() == {"secure"}
    assert text.startswith("config: # kept\n")
    assert registry_login.for_image("here", f"{ghcr.server}/x") == Credentials("tester", TOKEN)
