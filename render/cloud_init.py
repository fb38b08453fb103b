"""The cloud-init configuration of a new server's first boot."""

from collections.abc import Sequence

import yaml

from .server import PACKAGES, first_boot_files


class _Readable(yaml.SafeDumper):
    """Writes texts of several lines as YAML blocks."""


_Readable.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def user_data(host_key: str, host_key_public: str, authorized_keys: Sequence[str], reboot_at: str) -> str:
    """Returns a cloud-config: the pinned host key, the operators' keys, packages, and the files for the first start of
    sshd and Docker. The step `server-settings` does the rest.
    """
    config = {
        "ssh_deletekeys": True,
        "ssh_keys": {"ed25519_private": host_key, "ed25519_public": host_key_public},
        "ssh_authorized_keys": list(authorized_keys),
        "disable_root": False,
        "users": [],  # root alone: the image's default user would have the same keys, and sudo
        "package_update": True,
        "packages": list(PACKAGES),
        "write_files": [{"path": file.path, "content": file.content} for file in first_boot_files(reboot_at)],
    }
    return "#cloud-config\n" + yaml.dump(config, Dumper=_Readable, sort_keys=False)
