"""What a new server is told at its first boot."""

import json
from collections.abc import Sequence

import yaml

DOCKER_DAEMON = {
    "live-restore": True,
    "log-driver": "json-file",
    "log-opts": {"max-size": "10m", "max-file": "3"},
}
SSHD = """PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100:30:200
MaxSessions 100
"""


def user_data(host_key: str, host_key_public: str, authorized_keys: Sequence[str]) -> str:
    """A cloud-config: Docker, an sshd that takes keys only, and the host key that the operator's side has pinned."""
    config = {
        "ssh_deletekeys": True,
        "ssh_keys": {"ed25519_private": host_key, "ed25519_public": host_key_public},
        "ssh_authorized_keys": list(authorized_keys),
        "disable_root": False,
        "package_update": True,
        "packages": ["docker.io", "docker-cli", "unattended-upgrades"],
        "write_files": [
            {"path": "/etc/docker/daemon.json", "content": json.dumps(DOCKER_DAEMON, indent=2) + "\n"},
            {"path": "/etc/ssh/sshd_config.d/10-sertantai.conf", "content": SSHD},
        ],
        "runcmd": [["systemctl", "restart", "ssh"], ["systemctl", "enable", "--now", "docker"]],
    }
    return "#cloud-config\n" + yaml.safe_dump(config, sort_keys=False)
