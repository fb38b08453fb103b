"""The server's stand-in: a server's configuration at its first boot, the connection to it, and the disk for data."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from render import server, verb
from settings import DOCKER_ADDRESS_POOL
from tests.doubles.hetzner.machine import Machines
from tests.hetzner.booted import BOOT_S, SERVER, Reach, booted
from tests.places import Place
from tests.throwaway.box import Said, on_host
from tests.waiting import eventually

pytestmark = [
    pytest.mark.docker,
    pytest.mark.xdist_group("test_machine"),
    pytest.mark.skipif(os.geteuid() != 0, reason="root's: loop devices, and ports of the network's gateway"),
]
PLACE = Place("machines")
ADDRESS, OTHER_ADDRESS = PLACE.address(10), PLACE.address(11)
OTHER, VOLUME = 2, 4711
DEVICE, FOLDER = f"/dev/disk/by-id/scsi-0HC_Volume_{VOLUME}", "/mnt/sertantai"
FRESH = ("-o", "ControlPath=none")
"""A new connection."""


@pytest.fixture(scope="module")
def web() -> Iterator[int]:
    """A port that only this machine's loopback has."""
    serve = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(PLACE.ports[0])]
    running = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield PLACE.ports[0]
    running.kill()
    running.wait()


@pytest.fixture(scope="module")
def names(base_image: str) -> Iterator[None]:
    """The ACME double's name server."""
    options = ["-defaultIPv4", "", "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""]
    places = ["-dns01", f"127.0.0.1:{PLACE.dns}", "-management", f"127.0.0.1:{PLACE.dns_management}"]
    name = f"{PLACE.name}-names"
    start = ["docker", "run", "-d", "--name", name, "--network=host", base_image, "pebble-challtestsrv"]
    on_host(f"docker rm -f {name}")
    begun = on_host(shlex.join([*start, *options, *places]))
    assert begun.ok, begun.error
    yield
    on_host(f"docker rm -f {name}")


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory, web: int, names: None) -> Iterator[Reach]:
    machines = Machines(
        PLACE.name, PLACE.subnet, forwards=[web], dns=("127.0.0.1", PLACE.dns), dns_management=PLACE.dns_management
    )
    with booted(machines, tmp_path_factory.mktemp("keys"), "machines", ADDRESS) as reach:
        yield reach


def test_after_the_first_boot_and_the_settings_the_server_is_configured(prod: Reach) -> None:
    for file in [*server.files("05:30"), server.docker_daemon()]:
        assert prod.ssh(f"cat {file.path}").out == file.content
    assert prod.ssh("cat /root/.ssh/authorized_keys").out == (prod.keys / "operator.pub").read_text()
    assert prod.ssh("cat /etc/ssh/ssh_host_*_key.pub").out == (prod.keys / "host.pub").read_text()
    assert prod.ssh("getent passwd debian; getent group docker | cut -d: -f4").out == "\n"
    kernel = next(file.content for file in server.files("05:30") if "sysctl" in file.path)
    assert prod.ssh(f"sysctl {' '.join(server.SYSCTLS)}").out == kernel
    assert prod.ssh("docker info -f '{{.LiveRestoreEnabled}} {{.LoggingDriver}}'").out == "true json-file\n"
    first = next(ip_network(DOCKER_ADDRESS_POOL).subnets(new_prefix=24))
    assert prod.ssh("docker network inspect bridge -f '{{(index .IPAM.Config 0).Subnet}}'").out == f"{first}\n"
    assert prod.ssh("swapon --show=NAME --noheadings; stat -c %a:%s /swapfile").out == "/swapfile\n600:2147483648\n"


def test_cloud_inits_schema_accepts_it_and_refuses_a_broken_one(prod: Reach) -> None:
    check = "cat > /tmp/user-data; cloud-init schema --config-file /tmp/user-data"
    text = prod.first_boot()
    assert prod.ssh(check, text).ok
    assert not prod.ssh(check, text.replace("disable_root: false", "disable_root: perhaps")).ok


def test_a_connection_needs_the_pinned_host_key_and_the_operators_key(prod: Reach, tmp_path: Path) -> None:
    def tried(key: str, host_key: str, *options: str) -> Said:
        prod.configure(tmp_path, host_key)
        return on_host("true", interpreter=prod.interpreter(*FRESH, *options, folder=tmp_path, key=key))

    assert tried("operator", "host.pub").ok
    assert "Host key verification failed" in tried("operator", "stranger.pub").error
    assert "Permission denied (publickey)" in tried("stranger", "host.pub").error
    assert "Permission denied (publickey)" in tried("stranger", "host.pub", "-o", "PubkeyAuthentication=no").error


def test_sshd_offers_nothing_that_an_audit_fails(prod: Reach) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ssh_audit.ssh_audit", "--skip-rate-test", "--timeout=60", "--json", ADDRESS],
        capture_output=True,
        text=True,
    )
    said = json.loads(done.stdout)
    assert said["cves"] == []
    offered = [algorithm for kind in ("kex", "key", "enc", "mac") for algorithm in said[kind]]
    assert {"mlkem768x25519-sha256", "ssh-ed25519"} <= {algorithm["algorithm"] for algorithm in offered}
    assert [algorithm for algorithm in offered if "fail" in algorithm["notes"]] == []
    # The last of each is for clients without a newer one.
    assert {algorithm["algorithm"] for algorithm in offered if "warn" in algorithm["notes"]} <= {
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
    }


def test_docker_answers_over_ssh_where_nothing_is_forwarded(prod: Reach) -> None:
    asked = prod.ssh("docker system dial-stdio", "GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n")
    assert asked.out.startswith("HTTP/1.1 200 OK")
    refused = on_host("true", interpreter=prod.interpreter(*FRESH, "-W", f"{ADDRESS}:22"))
    assert not refused.ok
    assert "administratively prohibited" in refused.error


def test_ports_and_names_of_the_operators_machine_are_reachable(prod: Reach, web: int) -> None:
    assert prod.ssh(f"curl -fsS -o /dev/null http://localhost:{web}/").ok
    assert not prod.ssh("getent ahostsv4 legal.sertantai.test").ok
    prod.machines.record("legal.sertantai.test", "A", [ADDRESS])
    assert ADDRESS in prod.ssh("getent ahostsv4 legal.sertantai.test").out
    prod.machines.record("legal.sertantai.test", "A", [])
    assert not prod.ssh("getent ahostsv4 legal.sertantai.test").ok


def test_steps_share_a_connection_and_the_process_list_shows_no_secret(prod: Reach) -> None:
    before = prod.machines.connections(SERVER)
    with prod.machines.processes(SERVER) as seen:
        for seconds in (0, 0, 0, 0, 2):  # the last one is seen also if a look takes a second
            assert prod.ssh(f"sleep {seconds}; cat > /dev/null", "hunter2").ok
    assert prod.machines.connections(SERVER) <= before + 1
    assert any("sleep 2" in line for line in seen)
    assert any("sleep 0.1" in line for line in seen), "the processes of containers are seen too"
    secrets = ("hunter2", *(prod.keys / "host").read_text().splitlines()[1:-1])
    assert not [line for line in seen if any(secret in line for secret in secrets)]


def mount(reach: Reach, wait_s: int = 2) -> Said:
    return reach.verb(verb.line("mount", DEVICE, FOLDER, wait=wait_s))


def test_a_volume_that_never_attaches_is_reported(prod: Reach) -> None:
    said = mount(prod, wait_s=1)
    assert said.code == 1
    assert said.out.startswith(f"host/volume_size: the volume {VOLUME} did not attach within 1 s: see")


FOREIGN: dict[str, tuple[str, str]] = {
    "swap": (f"mkswap {DEVICE}", "contains swap and not ext4"),
    "a partition table": (f"echo ,, | sfdisk -q {DEVICE}; true", "contains a partition table and not ext4"),
    "ext4 whose head is lost": (
        f"mkfs.ext4 -q {DEVICE}; dd if=/dev/urandom of={DEVICE} bs=4k count=1 conv=notrunc",
        "contains data without a known file system",
    ),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_volume_with_data_is_never_formatted(prod: Reach, what: str) -> None:
    prod.machines.format(VOLUME, 10, "")
    prod.machines.attach(VOLUME, SERVER)
    make, words = FOREIGN[what]
    assert prod.ssh(make).ok
    before = prod.ssh(f"sha256sum {DEVICE}").out
    said = mount(prod)
    assert said.code == 1
    assert words in said.out
    assert "was not changed" in said.out
    assert prod.ssh(f"sha256sum {DEVICE}").out == before
    prod.machines.detach(VOLUME)


def test_an_empty_volume_that_attaches_late_is_formatted_once(prod: Reach) -> None:
    prod.machines.format(VOLUME, 10, "")
    late = threading.Timer(2, prod.machines.attach, [VOLUME, SERVER])
    late.start()
    said = mount(prod, wait_s=30)
    assert said.out.splitlines() == [
        f"host: created a file system on the volume {VOLUME}",
        f"host: mounted the volume {VOLUME} on {FOLDER}",
    ], said.out
    assert prod.ssh(f"mkdir -p {FOLDER}/postgres && echo kept > {FOLDER}/postgres/data").ok
    assert [mount(prod).out, mount(prod).error] == ["", ""]
    assert prod.verb(verb.line("lost", FOLDER)).out == ""
    assert prod.ssh(f"grep -c ' {FOLDER} ext4 nofail,noatime,' /etc/fstab").out == "1\n"


def test_an_enlarged_volume_is_used_whole(prod: Reach) -> None:
    size = f"df --output=size {FOLDER} | tail -n 1"
    before = int(prod.ssh(size).out)
    prod.machines.resize(VOLUME, 20)
    assert mount(prod).out == f"host: enlarged the file system on the volume {VOLUME}\n"
    assert int(prod.ssh(size).out) > before * 1.8
    assert mount(prod).out == ""


def test_everything_works_again_after_a_restart(prod: Reach) -> None:
    prod.machines.stop(SERVER)
    prod.machines.start(SERVER)
    on_host("true", interpreter=prod.interpreter("-O", "exit"))
    eventually(lambda: prod.ssh("cloud-init status --wait && docker info").ok, BOOT_S)
    assert prod.ssh(f"cat {FOLDER}/postgres/data").out == "kept\n"
    assert prod.ssh("docker inspect inner -f '{{.State.Running}}'").out == "true\n"
    assert prod.ssh("iptables -C DOCKER-USER -d 169.254.169.254 -j DROP").ok
    assert prod.settle().out == ""
    assert mount(prod).out == ""


def test_nothing_can_be_written_to_the_mount_point_without_the_volume(prod: Reach) -> None:
    prod.machines.detach(VOLUME)
    assert prod.verb(verb.line("lost", FOLDER)).out == "lost\n"
    error = f"host/volume_size: no disk is mounted on {FOLDER}; run up again\n"
    assert prod.verb(verb.line("folder", FOLDER, "postgres")).out == error
    assert not prod.ssh(f"mkdir -p {FOLDER}/postgres").ok
    for kind in (f"-v {FOLDER}/postgres:/data", f"--mount type=bind,source={FOLDER}/postgres,target=/data"):
        assert not prod.ssh(f"docker run --rm {kind} tiny:1 /usr/bin/sleep 0").ok
    assert prod.ssh(f"ls -A {FOLDER}").out == ""


def test_another_server_finds_the_volumes_data(prod: Reach, tmp_path: Path) -> None:
    machines = prod.machines
    machines.remove(SERVER)
    machines.create(OTHER, "sertantai-prod", OTHER_ADDRESS, prod.first_boot())
    machines.start(OTHER)
    machines.attach(VOLUME, OTHER)
    ignored = shutil.ignore_patterns("program", "config", "known_hosts")
    other = replace(prod, address=OTHER_ADDRESS, keys=shutil.copytree(prod.keys, tmp_path / "keys", ignore=ignored))
    other.configure(other.keys, "host.pub")
    eventually(lambda: other.ssh("cloud-init status --wait").ok, BOOT_S)
    assert other.install().ok
    assert mount(other).out == f"host: mounted the volume {VOLUME} on {FOLDER}\n"
    assert other.ssh(f"cat {FOLDER}/postgres/data").out == "kept\n"
    assert other.verb(verb.line("folder", FOLDER, "redis")).ok
    for folders in ("lost+found\npostgres\nredis\n", "lost+found\nredis\n"):
        assert other.ssh(f"ls {FOLDER}").out == folders
        assert other.verb(verb.line("folder-remove", FOLDER, "postgres")).ok


def test_nothing_is_left_at_the_end(prod: Reach) -> None:
    prod.machines.close()
    for what in ("ps -aq", "volume ls -q", "network ls -q"):
        assert on_host(f"docker {what} --filter label=sertantai.servers={PLACE.name}").out == ""
    # The kernel frees a device once the last process that has seen its mount is gone.
    eventually(lambda: PLACE.name not in on_host("losetup --list --noheadings --output BACK-FILE").out)
