"""The program that looks and tells: what it remembers, and its container on a host whose login user is not root."""

import json
import os
import shutil
import subprocess
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.machine import host_program
from components.platform import watch as component
from host import files, look, watch
from host.failure import Failure
from render import verb
from tests.throwaway.box import Boxes, docker, on_host
from tests.throwaway.listener import SECRET, Listener, listening
from tests.waiting import eventually

from .test_rules import container, good

NOBODY = 65534
EXITED = [container("legal", "app", state="exited"), *good()["containers"][1:]]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def alerts(listener: Listener) -> dict[str, Any]:
    return {"stack": "trial", "alerts": {"webhook_url": listener.url, "heartbeat_url": None}, "registry": None}


class Looks:
    """Looks one after the other, each of which sees what the test says."""

    def __init__(self, listener: Listener, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: dict[str, Any] = {}
        self.folder, self.spare = folder / "state", folder / "spare"
        self.folder.mkdir()
        (self.folder / "alerts.json").write_text(json.dumps(alerts(listener)))
        monkeypatch.setattr(look, "look", lambda *_: self.seen)

    def look(self, times: int = 2, **seen: Any) -> None:
        self.seen = {"maintenance": [], **good(**seen)}
        for _ in range(times):
            watch.run(Namespace(folder=self.folder, spare=self.spare), {})


@pytest.fixture
def looks(listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Looks:
    return Looks(listener, tmp_path, monkeypatch)


def test_a_full_disk_stops_no_alert_and_none_is_sent_twice(looks: Looks, listener: Listener) -> None:
    (looks.folder / "memory.json").mkdir()  # so that the file cannot be written
    looks.look(containers=EXITED, times=5)
    assert [each["state"] for each in listener.told] == ["bad"]
    (looks.folder / "memory.json").rmdir()
    looks.look(containers=EXITED)
    assert not (looks.spare / "memory.json").exists(), "the disk is used again"
    looks.look()
    assert [each["state"] for each in listener.told] == ["bad", "good"]


def test_what_cannot_be_seen_is_not_over(looks: Looks, listener: Listener) -> None:
    looks.look(containers=EXITED)
    blind = {"containers": [], "unreadable": {"docker": "Docker does not answer"}}
    looks.look(**blind, times=7)
    assert [each["state"] for each in listener.told] == ["bad"], "nothing is over, and a busy machine is no fault"
    looks.look(**blind, times=1)
    assert listener.told[1]["new"] == ["docker: cannot be read: Docker does not answer"]
    looks.look()
    assert len(listener.told[2]["over"]) == 2


def test_without_its_files_a_look_says_what_to_do(looks: Looks) -> None:
    (looks.folder / "alerts.json").unlink()
    with pytest.raises(Failure, match=r"alerts: the watch container's files are missing or broken; run up again"):
        looks.look()


@pytest.mark.parametrize(("arrives", "kept"), [('{"stack": {}', '{"before": 1}'), ('{"stack": {}}', '{"stack": {}}')])
def test_a_file_that_has_not_arrived_as_a_whole_replaces_none(tmp_path: Path, arrives: str, kept: str) -> None:
    (tmp_path / "alerts.json").write_text('{"before": 1}')
    words = ["write_watch", str(tmp_path), "alerts", "mark", "/usr/bin/python3", "/program", "13"]
    written = subprocess.run(["sh", "-c", files.shell("write_watch"), *words], input=arrives, text=True)
    assert (written.returncode == 0) == (arrives == kept)
    assert (tmp_path / "alerts.json").read_text() == kept


def test_the_watch_container_is_not_asked_by_itself(looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    (looks.folder / "declared.json").write_text('{"platform": {"nginx": "nginx:1", "watch": "nginx:1"}}')
    asked: list[Any] = []

    def see(_: str, declared: dict[str, Any]) -> dict[str, Any]:
        asked.append(declared)
        return {"maintenance": [], **good()}

    monkeypatch.setattr(look, "look", see)
    watch.run(Namespace(folder=looks.folder, spare=looks.spare), {})
    assert asked == [{"platform": {"nginx": "nginx:1"}}]


@pytest.fixture
def home() -> Iterator[Path]:
    """The home folder of a login user who is not root, with the program. Nobody else may enter it."""
    folder = Path(tempfile.mkdtemp(prefix="sertantai-home-"))
    program = folder / host_program.path()
    program.parent.mkdir(parents=True)
    program.write_bytes(host_program.pack())
    (program.parent / "current").symlink_to(program.name)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.docker
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_on_a_host_whose_user_is_not_root_a_restart_loop_is_told(boxes: Boxes, listener: Listener, home: Path) -> None:
    boxes.stack = f"sertantai-{boxes.stack}"  # as the platform's own containers are named
    stack, volume = boxes.stack.removeprefix("sertantai-"), f"{boxes.stack}-watch"
    inputs = {"image": boxes.image, "content": {**alerts(listener), "stack": stack}, "fingerprint": "mark"}
    group = os.stat("/var/run/docker.sock").st_gid
    user = ["setpriv", f"--reuid={NOBODY}", f"--regid={group}", "--clear-groups", "env", f"HOME={home}", "sh", "-c"]
    line = f"cd && {host_program.COMMAND} '{verb.line('watch-config', volume, 'alerts')}'"
    try:
        written = on_host(line, verb.stdin(inputs), interpreter=user)
        assert (written.code, written.out, written.error) == (0, "", "")
        start_watch(boxes, volume)
        boxes.start("legal-app", "exit 1", boxes.labels("legal") | {"sertantai.stack": stack}, ["--restart", "always"])

        def told() -> list[str]:
            """A busy machine may have other problems too."""
            new = [text for each in listener.told for text in each["new"]]
            return [text for text in new if text.startswith("legal/app: ") and "has restarted" in text]

        eventually(told, timeout_s=180)
        assert docker("exec", volume, *component.CHECK).ok, "it is healthy"
        assert SECRET not in docker("logs", volume).out + docker("inspect", volume).out
    finally:
        boxes.clear()
        docker("volume", "rm", "-f", volume)


def start_watch(boxes: Boxes, volume: str) -> None:
    """Starts the container as the component declares it."""
    boxes.made.append(volume)
    started = docker(
        *("run", "-d", "--name", volume, "--network", "host", "--read-only", "--tmpfs", "/tmp", "--user", "root"),
        *("--cap-drop", "ALL", *(word for each in component.CAPABILITIES for word in ("--cap-add", each))),
        *("--security-opt", "no-new-privileges", "--env", "PYTHONDONTWRITEBYTECODE=1"),
        *("-v", f"/:{component.HOST}:ro", "-v", f"{volume}:{component.STATE}"),
        *("--entrypoint", "sh", boxes.image, "-c", component.LOOK),
    )
    assert started.ok, started.error
