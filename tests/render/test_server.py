"""A server's settings; tests/hetzner applies them to one."""

import ipaddress
import json
import re

from render import server
from settings import Network

FILES = {file.path: file.content for file in [*server.files("05:30"), server.docker_daemon()]}
SSHD = dict(
    line.split(" ", 1)
    for line in FILES["/etc/ssh/sshd_config.d/10-sertantai.conf"].splitlines()
    if line and not line.startswith("#")
)


def test_sshd_accepts_keys_only() -> None:
    assert SSHD["AuthenticationMethods"] == "publickey"
    assert (SSHD["PasswordAuthentication"], SSHD["KbdInteractiveAuthentication"]) == ("no", "no")
    assert SSHD["PermitRootLogin"] == "prohibit-password"
    assert SSHD["HostKey"] == "/etc/ssh/ssh_host_ed25519_key"


def test_sshd_allows_the_sessions_of_a_release() -> None:
    assert (SSHD["MaxStartups"], SSHD["MaxSessions"]) == ("100:30:200", "100")


def test_nothing_is_forwarded() -> None:
    for what in ("AllowTcpForwarding", "AllowStreamLocalForwarding", "AllowAgentForwarding", "X11Forwarding"):
        assert SSHD[what] == "no"


def test_weak_algorithms_are_removed_from_sshds_defaults() -> None:
    """An sshd that lacks one of the names would refuse a list of them."""
    for kind in ("KexAlgorithms", "Ciphers", "MACs"):
        assert SSHD[kind].startswith("-")


def test_docker_keeps_containers_alive_and_their_logs_small() -> None:
    daemon = json.loads(FILES["/etc/docker/daemon.json"])
    assert daemon["live-restore"] is True
    assert daemon["no-new-privileges"] is True
    assert daemon["log-opts"]["max-size"]
    assert not set(daemon) & {"hosts", "insecure-registries", "tls", *server.DOCKER_KEPT}


def test_dockers_networks_do_not_overlap_the_platforms() -> None:
    [pool] = json.loads(FILES["/etc/docker/daemon.json"])["default-address-pools"]
    assert not ipaddress.ip_network(pool["base"]).overlaps(ipaddress.ip_network(Network().subnet))


def test_only_security_fixes_are_installed_automatically_and_reboots_have_a_time() -> None:
    text = FILES["/etc/apt/apt.conf.d/52sertantai-upgrades"]
    assert re.findall(r'"(origin=.*)"', text) == [
        "origin=Debian,codename=${distro_codename}-security,label=Debian-Security"
    ]
    assert text.index("#clear Unattended-Upgrade::Origins-Pattern;") < text.index(
        "Unattended-Upgrade::Origins-Pattern {"
    )
    assert 'Automatic-Reboot-Time "05:30"' in text


def test_the_kernels_settings_have_the_kernels_own_format() -> None:
    assert "vm.overcommit_memory = 1\n" in FILES["/etc/sysctl.d/99-sertantai.conf"]
    assert "ip_forward" not in FILES["/etc/sysctl.d/99-sertantai.conf"]  # Docker's own to set


def test_a_file_ends_with_its_last_line() -> None:
    for content in FILES.values():
        assert content.endswith("\n")


def test_an_alternative_package_is_enough() -> None:
    """Debian's docker.io would remove an adopted server's docker-ce."""
    packages = server.configuration("05:30")["packages"]
    assert packages["docker.io"] == ["dockerd"]
    assert "chronyd" in packages["systemd-timesyncd"]


def test_programs_that_already_run_at_the_first_boot_are_configured_by_the_step() -> None:
    early = {file.path for file in server.first_boot_files("05:30")}
    later = {file["path"] for file in server.configuration("05:30")["files"]} - early
    assert early == {
        "/etc/ssh/sshd_config.d/10-sertantai.conf",
        "/etc/apt/apt.conf.d/52sertantai-upgrades",
        "/etc/docker/daemon.json",
    }
    assert later == {
        "/etc/sysctl.d/99-sertantai.conf",
        "/etc/systemd/journald.conf.d/10-sertantai.conf",
        "/etc/systemd/system/sertantai-metadata.service",
    }
