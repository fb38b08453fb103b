"""A manual deployment, for comparison: Debian's docker-compose 1.29 creates containers again, then nginx reloads."""

import os
import shutil
import ssl
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import trustme

from local.errors import Trouble
from local.images import VERSION
from local.machine import ensure_packages
from tests.places import Place

FILE = """
version: "3.8"
services:
  postgres:
    image: REGISTRY/sertantai/postgres:VERSION
    environment: {POSTGRES_PASSWORD: compose}
  app:
    image: ${APP}
    environment:
      PORT: "4000"
      PHX_HOST: legal.localhost
      PHX_SERVER: "true"
      SECRET_KEY_BASE: 0123456789012345678901234567890123456789012345678901234567890123456789
      DATABASE_URL: postgresql://postgres:compose@postgres:5432/postgres
    stop_grace_period: 30s
  nginx:
    image: REGISTRY/sertantai/nginx:VERSION
    ports: ["127.0.0.1:PORT:443"]
    volumes: ["./nginx:/etc/nginx/conf.d:ro"]
"""
SITE = """
server {
  listen 443 ssl;
  http2 on;
  ssl_certificate /etc/nginx/conf.d/chain.pem;
  ssl_certificate_key /etc/nginx/conf.d/key.pem;
  location / {
    proxy_pass http://app:4000;
    proxy_http_version 1.1;
    proxy_set_header Host $host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
  }
}
"""


class Compose:
    """nginx, app and PostgreSQL, running until the end of the context."""

    port = Place("compose").ports[0]

    def __init__(self, folder: Path, registry: str) -> None:
        self.folder, self.registry, self.roots = folder, registry, folder / "roots.pem"
        (folder / "nginx").mkdir(parents=True)
        text = FILE.replace("REGISTRY", registry).replace("VERSION", VERSION).replace("PORT:443", f"{self.port}:443")
        (folder / "docker-compose.yml").write_text(text)
        (folder / "nginx" / "site.conf").write_text(SITE)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.roots)
        own = authority.issue_cert("legal.localhost")
        own.private_key_pem.write_to_path(folder / "nginx" / "key.pem")
        for part in own.cert_chain_pems:
            part.write_to_path(folder / "nginx" / "chain.pem", append=True)

    @staticmethod
    def possible() -> bool:
        """Whether docker-compose is installed. It is installed if these tests may do so."""
        try:
            ensure_packages("docker-compose")
        except Trouble:
            return False
        return shutil.which("docker-compose") is not None

    def __enter__(self) -> Self:
        self._compose("up", "-d", "postgres", version=VERSION)
        migrate = ["run", "--rm", "app", "/app/bin/app", "eval", "App.Release.migrate"]
        for attempt in range(30):
            if self._compose(*migrate, version=VERSION, check=attempt == 29) == 0:
                break
        self._compose("up", "-d", version=VERSION)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._compose("down", "-v", "--timeout", "5", version=VERSION)

    def release(self, version: str) -> None:
        """Does what the manual's deployment script does on the server."""
        self._compose("up", "-d", "--no-deps", "--force-recreate", "app", version=version)
        self._compose("exec", "-T", "nginx", "nginx", "-s", "reload", version=version)

    def client(self, host: str) -> httpx.Client:
        """Returns a client that connects to this machine and requests `host`."""
        trust = ssl.create_default_context(cafile=self.roots)
        client = httpx.Client(
            base_url=f"https://127.0.0.1:{self.port}", headers={"Host": host}, verify=trust, timeout=5
        )
        client.event_hooks["request"] = [lambda request: request.extensions.update(sni_hostname=host)]
        return client

    def keys(self) -> list[str]:
        """Returns the keys of the rows that a load has written."""
        query = "SELECT key FROM items WHERE key LIKE 'load-%'"
        command = ["docker-compose", "exec", "-T", "postgres", "psql", "-U", "postgres", "-At", "-c", query]
        environment = os.environ | {"APP": self._app(VERSION)}
        done = subprocess.run(command, cwd=self.folder, env=environment, check=True, capture_output=True, text=True)
        return done.stdout.split()

    def _app(self, version: str) -> str:
        return f"{self.registry}/sertantai/app:{version}"

    def _compose(self, *words: str, version: str, check: bool = True) -> int:
        environment = os.environ | {"APP": self._app(version)}
        return subprocess.run(
            ["docker-compose", *words], cwd=self.folder, env=environment, check=check, capture_output=True
        ).returncode
