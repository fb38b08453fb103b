"""The connection to a server: waited for, verified by its pinned key alone, and never closed to the operator."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from render import ssh
from tests.doubles.hetzner.machine import Machines
from tests.hetzner.booted import BOOT_S, SERVER, Reach, booted
from tests.places import Place
from tests.throwaway.box import Said, on_host
from tests.waiting import eventually

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(os.geteuid() != 0, reason="root's: ports of the network's gateway"),
]
PLACE = Place("way")
ADVICE = "look at its console"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reach]:
    machines = Machines(PLACE.name, PLACE.subnet)
    with booted(machines, tmp_path_factory.mktemp("keys"), "way", PLACE.address(10)) as reach:
        eventually(lambda: reach.ssh("true").ok)
        yield reach


def config(server: Reach, folder: Path, host_key: str = "host.pub", key: str = "operator") -> str:
    """Returns the path of the program's own configuration, with the files of these keys."""
    pinned = " ".join((server.keys / host_key).read_text().split()[:2])
    server.write(folder, [pinned], str(server.keys / key))
    return str(folder / "config")


def reached(config: str, timeout_s: int = 5) -> Said:
    return on_host(ssh.local_command("reached", config, ssh.alias("way"), str(timeout_s), "host: the server", ADVICE))


def authorize(config: str, *keys: str) -> Said:
    return on_host(ssh.local_command("authorized_keys", config, ssh.alias("way")), "".join(f"{key}\n" for key in keys))


def public(server: Reach, name: str) -> str:
    return (server.keys / f"{name}.pub").read_text().strip()


def test_it_waits_for_a_booting_server(server: Reach, tmp_path: Path) -> None:
    assert reached(config(server, tmp_path), timeout_s=60).ok
    server.machines.stop(SERVER)
    later = threading.Timer(4, server.machines.start, [SERVER])
    later.start()
    begun = time.monotonic()
    assert reached(config(server, tmp_path), timeout_s=BOOT_S).ok
    assert time.monotonic() - begun > 4
    later.join()


def test_other_keys_replace_the_old_ones(server: Reach, tmp_path: Path) -> None:
    way, keys = config(server, tmp_path), [public(server, "operator"), public(server, "stranger")]
    said = authorize(way, *keys)
    assert (said.code, said.out) == (0, "host/authorized_keys: 2 open this server\n")
    assert server.ssh("cat ~/.ssh/authorized_keys").out.splitlines() == keys
    again = authorize(way, *keys)
    assert (again.code, again.out, again.error) == (0, "", "")


def test_keys_that_would_lock_the_operator_out_are_reverted(server: Reach, tmp_path: Path) -> None:
    before = server.ssh("cat ~/.ssh/authorized_keys").out
    said = authorize(config(server, tmp_path), public(server, "host"))
    assert said.code == 1
    assert said.error.startswith("host/authorized_keys: does not contain the key that you use")
    assert server.ssh("cat ~/.ssh/authorized_keys").out == before


def test_another_host_key_ends_the_wait_at_once_and_nothing_is_sent(server: Reach, tmp_path: Path) -> None:
    said = reached(config(server, tmp_path, host_key="stranger.pub"), timeout_s=600)
    assert said.code == 1
    assert "host: the server: has a different SSH host key from the pinned one, and nothing was sent" in said.error


def test_a_refused_key_ends_the_wait_at_once(server: Reach, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", server.keys / "nobody"], check=True)
    way = config(server, tmp_path, key="nobody")
    # sshd delays a client that it has just refused.
    eventually(lambda: "Permission denied" in reached(way).error, 90)
    said = reached(way, timeout_s=60)
    assert said.code == 1
    assert "host: the server: " in said.error


def test_a_server_that_never_answers_is_reported_with_what_to_look_at(server: Reach, tmp_path: Path) -> None:
    server.machines.stop(SERVER)
    said = reached(config(server, tmp_path), timeout_s=2)
    assert said.code == 1
    assert f"host: the server: SSH does not answer after 2 s: ssh: connect to host {server.address}" in said.error
    assert said.error.splitlines()[-1] == f"  {ADVICE}"
