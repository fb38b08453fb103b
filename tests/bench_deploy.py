"""From `./sertantai deploy` to the new version's first answer, and `deploy --check-only`, with the Pulumi CLI."""

import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from local import images
from tests.e2e.operator import begin, sertantai
from tests.e2e.platform import REGISTRY, Platform
from tests.e2e.runner import Engine

AUTH = "auth.localhost"
RUNS = 3
OWN_S = 4
"""What the command may take next to the app's start-up and its migration."""
STEP = re.compile(r"^auth(?:: migration|/app gate) +([\d.]+) s", re.MULTILINE)


def deploy(platform: Platform, tag: str) -> tuple[float, float]:
    """Returns the seconds until the new version answers, and those of its start-up and migration."""
    begun = time.monotonic()
    process = begin(platform, "deploy", "auth", "--tag", tag, "--yes")
    while version(platform) != tag:
        assert process.poll() in (None, 0), process.communicate()
        time.sleep(0.05)
    took = time.monotonic() - begun
    output, _ = process.communicate()
    return took, sum(float(seconds) for seconds in STEP.findall(output))


def version(platform: Platform) -> str:
    """Returns the version that answers."""
    try:
        return str(platform.get(AUTH, "/api/version").json()["version"])
    except (httpx.HTTPError, ValueError, LookupError):
        return ""


def rows() -> Iterator[tuple[str, str, str]]:
    """Yields what was measured, its limit, and the figure."""
    with tempfile.TemporaryDirectory() as folder:
        platform = Platform(Path(folder), Engine)
        login = platform.config["sertantai:registry"]["username"], platform.config["sertantai:registry_token"]
        try:
            up = platform.up()
            assert up.ok, up.why
            tags = [f"bench{number}" for number in range(RUNS)]
            for tag in tags:
                images.build("app", tag, REGISTRY, *login)
            took = [deploy(platform, tag) for tag in tags]
            whole, app = (statistics.median(each) for each in zip(*took, strict=True))
            figure = f"{whole:.1f} s, of which {app:.1f} s start-up and migration"
            yield f"from deploy to the new version answering, median of {RUNS}", f"{app + OWN_S:.1f} s", figure
            checks = []
            for _ in range(RUNS):
                begun = time.monotonic()
                assert "nothing to change" in sertantai(platform, "deploy", "auth", "--check-only").stdout
                checks.append(time.monotonic() - begun)
            yield f"deploy --check-only, median of {RUNS}", "6 s", f"{statistics.median(checks):.1f} s"
        finally:
            platform.run("destroy")


if __name__ == "__main__":
    for row in rows():
        print(*row, sep="  ")  # noqa: T201
