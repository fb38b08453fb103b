"""Docker's own settings. Running containers are never stopped for new ones."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import docker, system
from .failure import Failure
from .reloads import FOLDER, PendingReloads, write_file


def configure(path: str, settings: dict[str, Any], kept: Sequence[str], reloads: PendingReloads) -> None:
    """Writes and applies `settings`, except the keys that are `kept` as the server has them."""
    file = Path(path)
    content = _content(file, settings, kept)
    if not file.exists() or file.read_text() != content:
        _validate(content)
    write_file(file, content, "docker", reloads)
    if reloads.is_pending("docker") and system.succeeds("systemctl", "is-active", "-q", "docker"):
        _reload(file, reloads)
    reloads.clear("docker")


def _content(file: Path, settings: dict[str, Any], kept: Sequence[str]) -> str:
    text = file.read_text() if file.exists() else ""
    try:
        current = json.loads(text or "{}")
        kept_settings = {key: current[key] for key in kept if key in current}
    except (ValueError, TypeError):
        raise Failure(f"host: {file} there is no JSON: fix it by hand, then run up again") from None
    return json.dumps({**settings, **kept_settings}, indent=2, sort_keys=True) + "\n"


def _validate(content: str) -> None:
    file = FOLDER / "daemon.json"
    file.write_text(content)
    result = system.run("dockerd", "--validate", "--config-file", str(file))
    if result.code:
        raise Failure(f"host: Docker refuses its new settings, and nothing was changed: {system.last_line(result)}")


def _reload(file: Path, reloads: PendingReloads) -> None:
    keeps_containers = docker.run("info", "-f", "{{.LiveRestoreEnabled}}").out.strip() == "true"
    running = docker.run("ps", "-q").out.strip()
    system.check_output("systemctl", "reload", "docker")
    if running and not keeps_containers:
        print(
            "host: Docker applies its new settings for logs and addresses at its next restart: "
            "a restart now would stop the running containers"
        )
        return
    if not system.succeeds("systemctl", "restart", "docker"):
        reloads.revert("docker", file)
        system.check_output("systemctl", "restart", "docker")
        raise Failure(
            "host: Docker does not start with its new settings, and the previous ones are back: "
            "see journalctl -u docker there"
        )
    print("host: restarted Docker; its containers kept running")
