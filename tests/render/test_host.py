"""A new server's first boot, and the connection to it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from render import server, ssh
from render.cloud_init import user_data

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\n" + "b3BlbnNzaC1rZXk" * 20 + "\n-----END OPENSSH PRIVATE KEY-----\n"
OPERATORS = ["ssh-ed25519 " + "A" * 68 + " a long comment: with a colon # and a hash", "ssh-ed25519 AAAB"]


@pytest.fixture
def config() -> dict[str, Any]:
    text = user_data(KEY, "ssh-ed25519 AAAC host", OPERATORS, "05:30")
    assert text.splitlines()[0] == "#cloud-config"
    read = yaml.safe_load(text)
    assert isinstance(read, dict)
    return read


def written(config: dict[str, Any], path: str) -> str:
    (content,) = [file["content"] for file in config["write_files"] if file["path"] == path]
    return str(content)


def test_the_host_key_is_the_pinned_one(config: dict[str, Any]) -> None:
    assert config["ssh_keys"] == {"ed25519_private": KEY, "ed25519_public": "ssh-ed25519 AAAC host"}
    assert config["ssh_deletekeys"] is True


def test_only_the_operators_keys_and_no_other_account_can_log_in(config: dict[str, Any]) -> None:
    assert config["ssh_authorized_keys"] == OPERATORS
    assert config["disable_root"] is False
    assert config["users"] == []


def test_the_servers_settings_exist_before_sshd_and_docker_start(config: dict[str, Any]) -> None:
    for file in server.first_boot_files("05:30"):
        assert written(config, file.path) == file.content
    assert config["packages"] == list(server.PACKAGES)


def test_the_host_key_is_its_only_secret_and_hetzner_accepts_its_size() -> None:
    text = user_data(KEY, "ssh-ed25519 AAAC host", OPERATORS * 20, "05:30")
    assert text.count("b3BlbnNzaC1rZXk" * 20) == 1
    assert len(text.encode()) < 32 * 1024


def files(folder: str = "ssh", **known: Any) -> dict[str, str]:
    return ssh.files(
        "prod", folder, address="203.0.113.7", host_keys=["ssh-ed25519 AAAC\n", "ssh-ed25519 AAAD"], **known
    )


def test_only_the_pinned_keys_are_accepted() -> None:
    assert files()["known_hosts"] == "sertantai-prod ssh-ed25519 AAAC\nsertantai-prod ssh-ed25519 AAAD\n"


def test_another_key_does_not_reuse_an_open_connection() -> None:
    def socket(text: str) -> str:
        return next(line for line in text.splitlines() if "ControlPath" in line)

    assert socket(files()["config"]) == socket(files()["config"])
    assert socket(files()["config"]) != socket(files(identity_file="another")["config"])


@pytest.mark.skipif(not shutil.which("ssh"), reason="no OpenSSH client: apt-get install openssh-client")
@pytest.mark.parametrize(
    "folder", ["ssh", "a folder with spaces", "50%done", "/".join(["a-very-long-name-of-a-folder"] * 5)]
)
def test_openssh_reads_the_configuration_as_intended(tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder
    place.mkdir(parents=True)
    text = files(str(place), user="deploy", port=2222, identity_file="keys/id_ed25519")["config"]
    (place / "config").write_text(text)
    said = subprocess.run(["ssh", "-G", "-F", str(place / "config"), "sertantai-prod"], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    read = dict(line.split(" ", 1) for line in said.stdout.splitlines() if " " in line)
    assert (read["hostname"], read["user"], read["hostkeyalias"]) == ("203.0.113.7", "deploy", "sertantai-prod")
    assert (read["port"], read["identityfile"], read["identitiesonly"]) == ("2222", "keys/id_ed25519", "yes")
    assert read["stricthostkeychecking"] in ("true", "yes")
    assert read["userknownhostsfile"] == str(place / "known_hosts")
    assert '/known_hosts"\n' in text  # unquoted, spaces would split it into several files
    assert read["batchmode"] == "yes"
    assert read["controlmaster"] == "auto"
    # A socket's path has 107 characters at most, and OpenSSH creates it with a name that is 17 longer.
    assert len(read["controlpath"].replace("~", "/home/somebody-with-a-long-name")) + 17 <= 107


def test_without_an_identity_file_the_agents_keys_are_offered() -> None:
    assert "Identity" not in files()["config"]
