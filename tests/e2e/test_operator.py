"""The operator's own commands on a running platform: a release of one service, a failed one, and the way back."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest
import yaml

from local import images
from tests.places import ROOT
from tests.waiting import hear

from .platform import REGISTRY, Platform
from .runner import Engine
from .watching import Watching

pytestmark = [pytest.mark.e2e, pytest.mark.docker]
AUTH = "auth.localhost"
Sertantai = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def sertantai(platform: Platform) -> Sertantai:
    """Runs `./sertantai WORDS --stack ...`. What it writes into the stack file is the platform's configuration then."""
    if not (platform.folder / "cli").exists():
        shutil.copytree(ROOT / "cli", platform.folder / "cli", ignore=shutil.ignore_patterns("__pycache__"))
    platform.write()
    file = platform.folder / f"Pulumi.{platform.stack}.yaml"
    engine = platform.runner.environment if isinstance(platform.runner, Engine) else {}

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        ran = subprocess.run(
            [sys.executable, "-m", "cli", *words, "--stack", platform.stack],
            cwd=platform.folder,
            env={**os.environ, **engine},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
        )
        hear(ran)
        platform.config = yaml.safe_load(file.read_text())["config"]
        return ran

    return run


def last_release(sertantai: Sertantai) -> tuple[str, str, str]:
    release = json.loads(sertantai("releases", "auth", "--json").stdout)[0]
    return release["command"], release["result"], release["images"]["app"]


def test_a_service_is_deployed_alone_and_brought_back_without_a_registry_after_a_deploy_that_failed(
    platform: Platform, newer: str, sertantai: Sertantai
) -> None:
    login = platform.config["sertantai:registry"]["username"], platform.config["sertantai:registry_token"]
    images.build("app", "broken", REGISTRY, *login, FAIL="boot")
    first = json.loads(sertantai("releases", "auth", "--json").stdout)[0]["number"]
    others = {name: each for name, each in platform.ids().items() if not name.startswith("auth-")}
    with Watching(platform, AUTH) as clients:
        deployed = sertantai("deploy", "auth", "--tag", "newer", "--yes")
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        assert platform.get(AUTH, "/api/version").json() == {"version": "newer"}
        assert platform.services["auth"]["app"]["image"].partition("@")[2] == newer.partition("@")[2]
        assert last_release(sertantai) == ("deploy", "serves", newer)

        failed = sertantai("deploy", "auth", "--tag", "broken", "--yes")
        assert failed.returncode == 1
        assert "auth: the release before still serves" in failed.stdout
        assert platform.get(AUTH, "/api/version").json() == {"version": "newer"}
        assert last_release(sertantai)[:2] == ("deploy", "failed")

        registry = platform.docker.containers.get(f"sertantai-registry-{REGISTRY.partition(':')[2]}")
        if platform.runner.name == "engine":  # the rehearsal looks up the tags of all services
            registry.stop()
        try:
            back = sertantai("rollback", "auth", "--to", str(first), "--yes")
        finally:
            registry.start()
        assert back.returncode == 0, back.stdout + back.stderr
        assert last_release(sertantai)[:2] == ("rollback", "serves")
        assert platform.get(AUTH, "/api/version").json() == {"version": "1"}
    clients.serves()
    assert {name: each for name, each in platform.ids().items() if not name.startswith("auth-")} == others
