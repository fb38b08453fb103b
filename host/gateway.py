"""The gateway: nginx's container, and its files on the volume that it shares with certbot."""

from dataclasses import dataclass

from . import docker, files

VOLUME = "/srv/nginx"


@dataclass(frozen=True)
class Gateway:
    """nginx, by the name of its container."""

    container: str

    def script(self, name: str, *words: str, stdin: str | None = None) -> docker.Output:
        """Runs host/shell/<name>.sh in the container, with the volume as its first argument."""
        return docker.execute(self.container, ["bash", "-c", files.shell(name), name, VOLUME, *words], stdin=stdin)
