"""Object storage: a real S3 server with TLS by a throwaway authority, path style, one bucket.

It is versitygw (Apache-2.0), whose one program Go builds from its module in a minute, and which keeps objects as plain
files, so that a test can spoil or count them. moto, from PyPI, is a mock of AWS in memory: it accepts any key, and so
cannot refuse a wrong one; it has no TLS and needs a proxy. MinIO is AGPL and keeps its own format.
"""

import base64
import hashlib
import os
import secrets
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import trustme

from local.images.base import ensure_base
from local.machine import alone, ensure_docker
from tests.places import ROOT

from .server import Server

MODULE = "github.com/versity/versitygw/cmd/versitygw"
VERSION = "v1.8.0"
FOLDER = "/srv/s3"
BUCKET = "sertantai-backups"
REGION = "fsn1"
LOCK = (
    "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
    "<Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>"
)
SERVE = f"""
mkdir -p {FOLDER}/objects {FOLDER}/versions
export $(< /etc/s3.keys)
exec versitygw --port "$ADDRESS:$PORT" --region {REGION} --cert /etc/s3.pem --key /etc/s3.key --quiet \\
  posix --versioning-dir {FOLDER}/versions {FOLDER}/objects
"""


def program() -> Path:
    """Returns the server's program. Go builds it once on this machine; without Go, the test is skipped."""
    folder = ROOT / ".local" / f"versitygw-{VERSION}"
    with alone("versitygw"):
        if not (folder / "versitygw").exists():
            if not shutil.which("go"):
                pytest.skip(f"no Go, which builds the S3 server {MODULE}@{VERSION}")
            own = {"GOBIN": str(folder), "CGO_ENABLED": "0"}
            build = ["go", "install", "-trimpath", "-ldflags=-s -w", f"{MODULE}@{VERSION}"]
            done = subprocess.run(build, env=os.environ | own, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"Go cannot build the S3 server: {done.stderr.strip().splitlines()[-1]}")
    return folder / "versitygw"


class ObjectStorage(Server):
    """One bucket, and the key and secret that open it. With `locked`, it keeps all versions of objects for a day."""

    def __init__(self, name: str, port: int, *, size: str | None = None, locked: bool = False) -> None:
        built = program()
        super().__init__(name, port, FOLDER, size=size)
        authority = trustme.CA(organization_name="sertantai test repositories")
        own = authority.issue_cert(self.address)
        self.authority = authority.cert_pem.bytes().decode()
        files = {
            "/etc/s3.pem": ("".join(each.bytes().decode() for each in own.cert_chain_pems), 0o644),
            "/etc/s3.key": (own.private_key_pem.bytes().decode(), 0o600),
            "/etc/s3-authority.pem": (self.authority, 0o644),
            "/etc/s3.keys": (self._new_keys(), 0o600),
        }
        volumes = {str(built): {"bind": "/usr/local/bin/versitygw", "mode": "ro"}}
        self.create(ensure_base(ensure_docker()), ["bash", "-c", SERVE], files, volumes=volumes)
        lock = ["-H", "x-amz-bucket-object-lock-enabled: true"] if locked else []
        self.request("PUT", "", *lock)
        if locked:
            digest = base64.b64encode(hashlib.md5(LOCK.encode()).digest()).decode()
            self.request("PUT", "?object-lock", "--data", LOCK, "-H", f"Content-MD5: {digest}")

    @property
    def files(self) -> str:
        """The repository's folder on the server, which keeps objects as files."""
        return f"{FOLDER}/objects/{BUCKET}/{self.path}"

    def settings(self) -> dict[str, Any]:
        """Returns the block of a stack file without `ca_bundle`; `key` and `secret` are its secrets."""
        endpoint = f"https://{self.address}:{self.port}"
        return {"kind": "s3", "endpoint": endpoint, "bucket": BUCKET, "region": REGION, "path": f"/{self.path}"}

    def change_key(self) -> None:
        """Accepts a new key and secret in place of the present ones."""
        self.write("/etc/s3.keys", self._new_keys(), 0o600)
        self.stop()
        self.start()

    def request(self, method: str, path: str, *options: str) -> str:
        """Sends a request about the bucket, or about an object in it, with the keys. Returns the answer."""
        url = f"https://{self.address}:{self.port}/{BUCKET}{path}"
        signed = ["--aws-sigv4", f"aws:amz:{REGION}:s3", "--user", f"{self.key}:{self.secret}"]
        words = ["curl", "--silent", "--show-error", "--fail-with-body", "--cacert", "/etc/s3-authority.pem", *signed]
        return self.shell(shlex.join([*words, "--request", method, *options, url]))

    def _new_keys(self) -> str:
        self.key, self.secret = f"key-{secrets.token_hex(8)}", secrets.token_hex(20)
        return f"ROOT_ACCESS_KEY={self.key} ROOT_SECRET_KEY={self.secret}"
