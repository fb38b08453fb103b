"""Settings of a server at any time: differences are corrected and reported, and nobody is locked out."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from render import server
from tests.doubles.hetzner.machine import Machines
from tests.hetzner.booted import Reach, booted
from tests.places import Place
from tests.waiting import eventually

pytestmark = [
    pytest.mark.docker,
    pytest.mark.xdist_group("test_settled"),
    pytest.mark.skipif(os.geteuid() != 0, reason="root's: ports of the network's gateway"),
]
PLACE = Place("settled")


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reach]:
    machines = Machines(PLACE.name, PLACE.subnet)
    with booted(machines, tmp_path_factory.mktemp("keys"), "settled", PLACE.address(10)) as reach:
        yield reach


def docker(changes: dict[str, Any]) -> dict[str, Any]:
    """Returns Docker's part of the settings, with some of Docker's own changed."""
    settings: dict[str, Any] = server.configuration("05:30")["docker"]
    return settings | {"settings": settings["settings"] | changes}


def test_a_correct_server_is_not_changed(prod: Reach) -> None:
    before = prod.ssh("find /etc -newer /proc/1 -type f | sort | xargs stat -c '%n %y'").out
    runs = [prod.settle() for _ in range(3)]
    assert {(run.code, run.out, run.error) for run in runs} == {(0, "", "")}
    assert prod.ssh("find /etc -newer /proc/1 -type f | sort | xargs stat -c '%n %y'").out == before


def test_a_change_by_hand_is_corrected_and_reported(prod: Reach) -> None:
    assert prod.ssh(
        "sed -i 's/MaxSessions 100/MaxSessions 3/' /etc/ssh/sshd_config.d/10-sertantai.conf;"
        "chmod 666 /etc/apt/apt.conf.d/52sertantai-upgrades; rm /etc/systemd/journald.conf.d/10-sertantai.conf;"
        "echo '# mine' >> /etc/systemd/system/sertantai-metadata.service; sysctl -qw vm.swappiness=60;"
        "iptables -D DOCKER-USER -d 169.254.169.254 -j DROP; systemctl disable docker;"
        "sed -i 's/ 10m/ 99m/; s/10m/99m/' /etc/docker/daemon.json"
    ).ok
    corrected = prod.settle()
    assert corrected.ok, corrected.out
    assert corrected.out.splitlines() == [
        "host: changed /etc/ssh/sshd_config.d/10-sertantai.conf",
        "host: changed /etc/apt/apt.conf.d/52sertantai-upgrades",
        "host: changed /etc/systemd/journald.conf.d/10-sertantai.conf",
        "host: changed /etc/systemd/system/sertantai-metadata.service",
        "host: set the kernel's settings",
        "host: changed /etc/docker/daemon.json",
        "host: restarted Docker; its containers kept running",
        "host: started docker",
    ]
    assert "maxsessions 100" in prod.ssh("sshd -T").out
    assert prod.ssh("iptables -C DOCKER-USER -d 169.254.169.254 -j DROP").ok
    assert prod.settle().out == ""


def test_a_missing_package_is_installed_or_reported(prod: Reach) -> None:
    """The stand-in has no mirror: this test looks at the calls of apt, and at the output."""
    assert prod.settle(packages={"iptables": ["not-there"]}).out == "host: installed iptables\n"
    said = prod.settle(packages={"not-there": ["not-there"]})
    assert said.code == 1
    assert said.out.startswith("host: cannot install not-there; run up again")
    assert "Unable to locate package not-there" in said.out


def test_containers_keep_running_while_docker_gets_new_settings(prod: Reach) -> None:
    about = "docker inspect inner -f '{{.State.Pid}} {{.State.StartedAt}} {{.RestartCount}}'"
    before = prod.ssh(about).out
    changed = prod.settle(docker=docker({"log-opts": {"max-file": "4", "max-size": "10m"}}))
    assert changed.out.splitlines()[-1] == "host: restarted Docker; its containers kept running"
    assert prod.ssh(about).out == before
    assert prod.settle().ok
    assert prod.ssh(about).out == before


def test_docker_is_not_restarted_if_containers_would_not_survive(prod: Reach) -> None:
    assert prod.ssh("echo '{}' > /etc/docker/daemon.json; systemctl restart docker; docker start inner").ok
    begun = prod.ssh("docker inspect inner -f '{{.State.StartedAt}}'").out
    assert "at its next restart" in prod.settle().out
    assert prod.ssh("docker inspect inner -f '{{.State.StartedAt}}'").out == begun
    assert prod.ssh("docker info -f '{{.LiveRestoreEnabled}}'").out == "true\n"
    assert prod.settle().out == ""
    assert prod.ssh("systemctl restart docker").ok


def test_an_adopted_dockers_own_folder_stays_and_open_sockets_are_removed(prod: Reach) -> None:
    own = {"data-root": "/var/lib/docker", "hosts": ["tcp://0.0.0.0:2375"], "no-new-privileges": False}
    assert prod.ssh("cat > /etc/docker/daemon.json", json.dumps(own)).ok
    assert prod.settle().ok
    assert json.loads(prod.ssh("cat /etc/docker/daemon.json").out) == {"data-root": "/var/lib/docker", **server.DOCKER}
    assert prod.settle().out == ""
    assert prod.ssh("echo '{' > /etc/docker/daemon.json").ok
    assert "is no JSON" in prod.settle().out
    assert prod.ssh("rm /etc/docker/daemon.json").ok
    assert prod.settle().ok


def test_settings_that_sshd_refuses_are_reverted(prod: Reach) -> None:
    path = "/etc/ssh/sshd_config.d/10-sertantai.conf"
    before = prod.ssh(f"cat {path}").out
    files = server.configuration("05:30")["files"]
    [sshd] = [file for file in files if file["path"] == path]
    broken = sshd | {"content": f"{sshd['content']}X11Forwarding perhaps\n"}
    said = prod.settle(files=[broken if file == sshd else file for file in files])
    assert said.code == 1
    assert "the previous ones are back" in said.out
    assert "unsupported option" in said.out
    assert prod.ssh(f"cat {path}").out == before
    assert prod.settle().out == ""
    # A server of another origin without such a key keeps its own way to log in.
    assert prod.ssh(f"rm {path}; mv /etc/ssh/ssh_host_ed25519_key /etc/ssh/away").ok
    assert "no hostkeys available" in prod.settle().out
    assert not prod.ssh(f"test -e {path}").ok
    assert prod.ssh("mv /etc/ssh/away /etc/ssh/ssh_host_ed25519_key").ok
    assert prod.settle().ok


def test_an_sshd_that_ignores_our_settings_is_reported(prod: Reach) -> None:
    assert prod.ssh("cp /etc/ssh/sshd_config /root/; sed -i '1i PasswordAuthentication yes' /etc/ssh/sshd_config").ok
    assert "sshd still accepts passwords" in prod.settle().out
    assert prod.ssh("mv /root/sshd_config /etc/ssh/sshd_config").ok
    assert prod.settle().out == ""


def test_settings_that_docker_cannot_start_with_are_reverted(prod: Reach) -> None:
    before = prod.ssh("cat /etc/docker/daemon.json").out
    for broken in ({"default-address-pools": [{"base": "not a subnet", "size": 24}]}, {"icc": "no"}):
        assert prod.settle(docker=docker(broken)).code == 1
        assert prod.ssh("cat /etc/docker/daemon.json").out == before
    assert prod.ssh("docker ps -q").out != ""
    assert prod.settle().out == ""


def test_a_container_cannot_reach_the_metadata_service(prod: Reach) -> None:
    dropped = "iptables -nvxL DOCKER-USER | awk '/169.254.169.254/ { print $1 }'"
    ask = "docker exec inner /usr/bin/timeout 5 /usr/bin/bash -c 'exec 3<>/dev/tcp/169.254.169.254/80'"
    for text in ("true", "systemctl restart docker"):
        assert prod.ssh(text).ok
        eventually(lambda: prod.ssh("docker exec inner /usr/bin/bash -c :").ok)
        before = int(prod.ssh(dropped).out)
        assert not prod.ssh(ask).ok
        assert int(prod.ssh(dropped).out) > before
