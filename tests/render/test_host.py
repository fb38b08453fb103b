"""A new server's first boot, and the way to it."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from render import ssh
from render.cloud_init import user_data

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\n" + "b3BlbnNzaC1rZXk" * 20 + "\n-----END OPENSSH PRIVATE KEY-----\n"
OPERATORS = ["ssh-ed25519 " + "A" * 68 + " a long comment: with a colon # and a hash", "ssh-ed25519 AAAB"]


@pytest.fixture
def config() -> dict[str, Any]:
    text = user_data(KEY, "ssh-ed25519 AAAC host", OPERATORS)
    assert text.splitlines()[0] == "#cloud-config"
    read = yaml.safe_load(text)
    assert isinstance(read, dict)
    return read


def written(config: dict[str, Any], path: str) -> str:
    (content,) = [file["content"] for file in config["write_files"] if file["path"] == path]
    return str(content)


def test_the_host_key_is_the_one_that_the_operators_side_has_pinned(config: dict[str, Any]) -> None:
    assert config["ssh_keys"] == {"ed25519_private": KEY, "ed25519_public": "ssh-ed25519 AAAC host"}
    assert config["ssh_deletekeys"] is True


def test_the_operators_keys_and_no_password_open_it(config: dict[str, Any]) -> None:
    assert config["ssh_authorized_keys"] == OPERATORS
    sshd = written(config, "/etc/ssh/sshd_config.d/10-sertantai.conf").splitlines()
    assert {"PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password"} <= set(
        sshd
    )
    assert config["disable_root"] is False


def test_it_has_docker_whose_containers_outlive_it(config: dict[str, Any]) -> None:
    assert "docker.io" in config["packages"]
    daemon = json.loads(written(config, "/etc/docker/daemon.json"))
    assert daemon["live-restore"] is True
    assert daemon["log-opts"]["max-size"]
    assert ["systemctl", "enable", "--now", "docker"] in config["runcmd"]


def test_the_one_key_that_a_host_may_show() -> None:
    assert ssh.known_hosts("sertantai-prod", "ssh-ed25519 AAAC host\n") == "sertantai-prod ssh-ed25519 AAAC host\n"


@pytest.mark.skipif(not shutil.which("ssh"), reason="no OpenSSH client: apt-get install openssh-client")
@pytest.mark.parametrize(
    "folder", ["ssh", "a folder with spaces", "50%done", "/".join(["a-very-long-name-of-a-folder"] * 5)]
)
def test_openssh_reads_the_configuration_as_it_is_meant(tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder
    place.mkdir(parents=True)
    (place / "config").write_text(ssh.config("sertantai-prod", "203.0.113.7", "root", str(place)))
    said = subprocess.run(["ssh", "-G", "-F", str(place / "config"), "sertantai-prod"], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    read = dict(line.split(" ", 1) for line in said.stdout.splitlines() if " " in line)
    assert (read["hostname"], read["user"], read["hostkeyalias"]) == ("203.0.113.7", "root", "sertantai-prod")
    assert read["stricthostkeychecking"] in ("true", "yes")
    assert read["userknownhostsfile"] == str(place / "known_hosts")
    assert '/known_hosts"\n' in (place / "config").read_text()  # unquoted, spaces would part it into several files
    assert read["batchmode"] == "yes"
    assert read["controlmaster"] == "auto"
    # A socket's path has 107 characters at most, and OpenSSH makes it under a name of 17 more.
    assert len(read["controlpath"].replace("~", "/home/somebody-with-a-long-name")) + 17 <= 107
