"""Pulumi keeps the state in a bucket of an S3-compatible store, by the address in docs/state.md."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.doubles.repositories.s3 import BUCKET, ObjectStorage
from tests.places import ROOT

pytestmark = [pytest.mark.docker, pytest.mark.engine, pytest.mark.faults, pytest.mark.xdist_group("backups")]
ADDRESS = re.compile(r"PULUMI_BACKEND_URL='s3://(?P<bucket>[^?]+)\?endpoint=(?P<endpoint>[^&]+)(?P<rest>[^']*)'")


def test_a_stack_and_its_lock_are_in_the_bucket(bucket: ObjectStorage, tmp_path: Path) -> None:
    documented = ADDRESS.search((ROOT / "docs/state.md").read_text())
    assert documented
    endpoint = bucket.settings()["endpoint"].removeprefix("https://")
    (tmp_path / "authority.pem").write_text(bucket.authority)
    (tmp_path / "Pulumi.yaml").write_text("name: sertantai\nruntime: yaml\noutputs: {answer: 42}\n")
    environment = os.environ | {
        # This server has no host name of its own for each bucket.
        "PULUMI_BACKEND_URL": f"s3://{BUCKET}?endpoint={endpoint}{documented['rest']}&s3ForcePathStyle=true",
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "AWS_ACCESS_KEY_ID": bucket.key,
        "AWS_SECRET_ACCESS_KEY": bucket.secret,
        "AWS_REGION": bucket.settings()["region"],
        "AWS_CA_BUNDLE": str(tmp_path / "authority.pem"),
    }

    def pulumi(*words: str, code: int = 0) -> str:
        command = ["pulumi", *words, "--non-interactive"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stderr if code else done.stdout

    pulumi("stack", "init", "prod")
    exported = json.loads(pulumi("stack", "export", "--stack", "prod"))
    assert exported["version"] == 3
    lock = f"{bucket.files.removesuffix(bucket.path)}.pulumi/locks/organization/sertantai/prod/4711.json"
    owner = '{"pid": 4711, "username": "somebody", "hostname": "laptop", "timestamp": "2026-11-23T01:06:01Z"}'
    bucket.shell(f"mkdir -p $(dirname {lock}) && echo '{owner}' > {lock}")
    assert "somebody@laptop" in pulumi("up", "--yes", "--skip-preview", "--stack", "prod", code=1)
    pulumi("cancel", "--yes", "--stack", "prod")
    pulumi("stack", "rm", "--yes", "prod")
