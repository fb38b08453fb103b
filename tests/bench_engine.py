"""The engine's own time: our program with nothing to change, compared with as many bare resources of the same kinds."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.platform import REGISTRY, Platform
from tests.e2e.runner import Engine

SIZES = (1, 10, 50)
RUNS = 3
BARE = '''
"""As many resources as the platform has, of the same kinds, and nothing else."""

import json

import pulumi
import pulumi_docker as docker
import pulumi_random as random
from pulumi import ResourceOptions
from pulumi_command import local

given = json.load(open("counts.json"))
counts, image = given["counts"], given["image"]
for number in range(counts["component"]):
    pulumi.ComponentResource("bare:index:Component", f"component-{number}")
for number in range(counts["random:index/randomPassword:RandomPassword"]):
    random.RandomPassword(f"password-{number}", length=48)
for number in range(counts["docker:index/volume:Volume"]):
    docker.Volume(f"volume-{number}")
for number in range(counts["docker:index/remoteImage:RemoteImage"]):
    docker.RemoteImage(f"image-{number}", name=image, keep_locally=True)
for number in range(counts["docker:index/container:Container"]):
    docker.Container(
        f"container-{number}", image=image, entrypoints=["sleep", "infinity"], network_mode="bridge", memory=16,
        memory_swap=16, opts=ResourceOptions(delete_before_replace=False),
    )
for number in range(counts["command:local:Command"]):
    local.Command(f"command-{number}", create="true", interpreter=["bash", "-c"])
'''


def services(count: int) -> dict[str, object]:
    """Returns this many small services, each with a database and no site."""
    return {
        f"s{number}": {
            "database": {"name": f"bench_{number}", "pool_size": 1},
            "app": {"image": f"{REGISTRY}/sertantai/app:1", "port": 4000, "memory_mb": 64},
        }
        for number in range(count)
    }


def timed(engine: Engine, *words: str) -> float:
    """Returns the wall time of one run of the CLI, in seconds."""
    begun = time.monotonic()
    call(engine, *words, "--non-interactive")
    return time.monotonic() - begun


def call(engine: Engine, *words: str) -> None:
    """Runs the CLI on the engine's stack. It must succeed."""
    command = ["pulumi", *words, "--stack", engine.stack]
    environment = os.environ | engine.environment
    subprocess.run(command, cwd=engine.folder, env=environment, check=True, capture_output=True)


def bare(platform: Platform, folder: Path) -> Engine:
    """Creates the bare resources."""
    urns = platform.runner.urns() if isinstance(platform.runner, Engine) else []
    counts = Counter(kind if ":index" in kind or "local:" in kind else "component" for kind in map(_kind, urns))
    [app] = platform.containers(service="s0", part="app")
    image = app.attrs["Config"]["Image"]
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text((platform.folder / "Pulumi.yaml").read_text())
    (folder / "__main__.py").write_text(BARE)
    (folder / "counts.json").write_text(json.dumps({"counts": counts, "image": image}))
    engine = Engine(folder, "bare")
    call(engine, "stack", "init")
    call(engine, "up", "--yes", "--skip-preview")
    return engine


def _kind(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def rows(sizes: Sequence[int] = SIZES) -> list[tuple[str, str, str]]:
    """Yields rows of what was measured, limit and figure."""
    measured = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "platform")
        folder.mkdir()
        platform = Platform(folder, Engine)
        assert isinstance(platform.runner, Engine)
        for size in sizes:
            platform.config["sertantai:services"] = services(size)
            platform.config["sertantai:postgres"] |= {"max_connections": 500}
            up = platform.up()
            assert up.ok, up.error
            other = bare(platform, Path(name, f"bare-{size}"))
            for words in (("preview",), ("up", "--yes", "--skip-preview")):
                # Alternating, so that other load of the machine affects both.
                pairs = [(timed(platform.runner, *words), timed(other, *words)) for _ in range(RUNS)]
                ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
                what = f"{words[0]}, nothing to change, {size} service{'s' if size > 1 else ''}"
                measured.append((what, "1.3x", f"{ours:.1f} s, bare {theirs:.1f} s: {ours / theirs:.2f}x"))
            call(other, "destroy", "--yes", "--skip-preview")
        platform.run("destroy")
    return measured


if __name__ == "__main__":
    for row in rows([int(word) for word in sys.argv[1:]] or SIZES):
        print(*row, sep="  ")  # noqa: T201
