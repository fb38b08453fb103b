"""Docker's own settings. Its containers go on while it takes new ones, or it takes them at its next restart."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import docker, system
from .due import FOLDER, Due, put
from .failure import Failure


def configure(path: str, settings: dict[str, Any], kept: Sequence[str], due: Due) -> None:
    """Makes `settings` Docker's own, but for the keys that are `kept` as the server has them."""
    file = Path(path)
    content = _content(file, settings, kept)
    if not file.exists() or file.read_text() != content:
        _validate(content)
    put(file, content, "docker", due)
    if due.has("docker") and system.succeeds("systemctl", "is-active", "-q", "docker"):
        _take_over(file, due)
    due.done("docker")


def _content(file: Path, settings: dict[str, Any], kept: Sequence[str]) -> str:
    text = file.read_text() if file.exists() else ""
    try:
        current = json.loads(text or "{}")
        own = {key: current[key] for key in kept if key in current}
    except (ValueError, TypeError):
        raise Failure(f"host: {file} there is no JSON: fix it by hand, then run up again") from None
    return json.dumps({**settings, **own}, indent=2, sort_keys=True) + "\n"


def _validate(content: str) -> None:
    file = FOLDER / "daemon.json"
    file.write_text(content)
    tested = system.run("dockerd", "--validate", "--config-file", str(file))
    if tested.code:
        raise Failure(
            f"host: Docker refuses its new settings, and nothing of them was changed: {system.last_line(tested)}"
        )


def _take_over(file: Path, due: Due) -> None:
    keeps_containers = docker.run("info", "-f", "{{.LiveRestoreEnabled}}").out.strip() == "true"
    running = docker.run("ps", "-q").out.strip()
    system.must("systemctl", "reload", "docker")
    if running and not keeps_containers:
        print(
            "host: Docker takes its new settings for logs and addresses at its next restart: "
            "containers that run now would not outlive it"
        )
        return
    if not system.succeeds("systemctl", "restart", "docker"):
        due.take_back("docker", file)
        system.must("systemctl", "restart", "docker")
        raise Failure(
            "host: Docker does not start with its new settings, and the previous ones are back: "
            "see journalctl -u docker there"
        )
    print("host: restarted Docker; its containers went on")
