"""A Storage Box: a real sshd that serves SFTP alone, to one user in a chroot, by key alone."""

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from local.images.base import ensure_base
from local.machine import ensure_docker
from tests.doubles.hetzner.machine import ROOT as HETZNER

from .server import Server

FILES = Path(__file__).with_name("sftp")
FOLDER = "/srv/box"
USER = "box"
KEYS = "/etc/ssh/box_authorized_keys"


def key_pair() -> tuple[str, str]:
    """Returns a new private key, and its public key on one line."""
    key = Ed25519PrivateKey.generate()
    form, plain = serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, form, plain).decode()
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private, public.decode()


class StorageBox(Server):
    """Accepts `key` alone. `change_key` makes another."""

    def __init__(self, name: str, port: int, *, size: str | None = None) -> None:
        super().__init__(name, port, FOLDER, size=size)
        self.key, public = key_pair()
        private_host_key, self.host_key = key_pair()
        files = {
            "/etc/ssh/box_config": ((FILES / "sshd_config").read_text(), 0o644),
            "/etc/ssh/box_host_key": (private_host_key, 0o600),
            KEYS: (f"{public}\n", 0o644),
            "/usr/local/sbin/box": ((FILES / "serve").read_text(), 0o755),
        }
        # The image of servers at Hetzner has an sshd already.
        image = ensure_base(ensure_docker(), "server-base", HETZNER / "server")
        self.create(image, ["/usr/local/sbin/box"], files)

    @property
    def files(self) -> str:
        """The repository's folder on the server."""
        return f"{FOLDER}/backups/{self.path}"

    def settings(self) -> dict[str, Any]:
        """Returns the block of a stack file; `key` is its secret."""
        own = {"host": self.address, "port": self.port, "user": USER, "host_key": self.host_key}
        return {"kind": "sftp", "path": f"/backups/{self.path}", **own}

    def change_key(self) -> None:
        """Accepts a new key in place of the present one."""
        self.key, public = key_pair()
        self.write(KEYS, f"{public}\n")
