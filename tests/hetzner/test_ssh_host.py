"""An existing machine, reached over SSH: ten services over one connection, and breaks of the connection."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.platform import PATIENCE_S
from tests.e2e.runner import has_engine
from tests.waiting import eventually

from .booted import SERVER
from .far import ADDRESS, NAMES, Far, host, reached
from .stack import Outside

pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.docker]
MOST_CONNECTIONS = 4


@pytest.fixture(scope="module")
def far(outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    if not has_engine():
        pytest.skip("no Pulumi CLI")
    with reached(tmp_path_factory.mktemp("far"), tmp_path_factory.mktemp("keys"), outside) as made:
        yield made


@pytest.fixture(scope="module")
def up(far: Far) -> Far:
    """Ten services at once."""
    before = far.connections()
    made = far.project.up()
    assert made.ok, made.text
    assert far.connections() - before <= MOST_CONNECTIONS
    return far


def test_ten_services_at_once_serve_over_a_few_connections(up: Far) -> None:
    for name in NAMES:
        answer = up.project.get(ADDRESS, f"{name}.sertantai.test", "/ready")
        assert answer.status_code == 200, answer.text


def test_the_next_up_changes_nothing_over_a_few_connections(up: Far) -> None:
    before = up.connections()
    again = up.project.up()
    assert again.ok, again.text
    assert re.search(r"\d+ unchanged", again.text)
    assert not re.search(r"\d+ changed", again.text)
    assert up.connections() - before <= MOST_CONNECTIONS


def test_a_changed_comment_in_the_program_shows_its_installation_and_nothing_else(up: Far) -> None:
    for file, comment in {"gate.py": "#", "shell/fingerprints.sh": "#", "sql/releases.sql": "--"}.items():
        with (up.project.folder / "host" / file).open("a") as text:
            text.write(f"{comment} another comment\n")
    shown = up.project.preview()
    assert shown.ok, shown.text
    assert up.project.changes() == {"host-program": "update"}
    done = up.project.up()
    assert done.ok, done.text
    assert up.project.changes() == {}


def test_commands_logs_and_psql_go_over_the_connection_with_and_without_a_terminal(up: Far) -> None:
    words = ["a b", "$HOME", '"q"', "--c"]
    said = up.project.cli("exec", "service-1", "--", "printf", "%s|", *words)
    assert said.text == "".join(f"{word}|" for word in words)
    assert "read-only transaction" in up.project.cli("psql", "service-1", "-c", "CREATE TABLE made_by_hand ()").text
    assert "Running AppWeb.Endpoint" in up.project.cli("logs", "service-1").text
    assert up.project.cli("ssh", "--", "test", "-e", ".sertantai/host/current").ok
    line = shlex.join([sys.executable, "-m", "cli", "exec", "service-1", "--stack", "far", "--", "sh", "-c"])
    # `script` gives it a terminal, and returns its exit code.
    with_terminal = ["script", "-qec", f"{line} 'test -t 0 && test -t 1 && exit 7'", "/dev/null"]
    ended = subprocess.run(with_terminal, cwd=up.project.folder, env=up.project.environment, stdin=subprocess.DEVNULL)
    assert ended.returncode == 7
    findings = json.loads(up.project.cli("doctor", "--json").text)
    states = {finding["check"]: finding["state"] for finding in findings}
    assert {states[check] for check in ("server", "Docker", "disk", "clock", "SSH key", "state", "ports")} == {"ok"}


def test_another_laptop_with_the_same_state_changes_nothing(up: Far, tmp_path: Path) -> None:
    elsewhere = up.project.copied(tmp_path / "another laptop's folder")
    assert not (elsewhere.folder / ".sertantai").exists()
    shown = elsewhere.preview()
    assert shown.ok, shown.text
    assert elsewhere.changes() == {}


def test_a_different_host_key_from_the_pinned_one_stops_it_and_nothing_is_sent(up: Far) -> None:
    pinned = str(host(up.reach.keys)["host_key"])
    stranger = " ".join((up.reach.keys / "stranger.pub").read_text().split()[:2])
    logged_in = up.reach.machines.run(SERVER, "grep -c 'Accepted publickey' /var/log/sshd.log")[1]
    close(up)
    up.project.change("host/host_key", stranger)
    try:
        for refused in (up.project.preview(), up.project.up()):
            assert not refused.ok
            assert refused.text.startswith("host/host_key: the host has a different SSH host key from the pinned one")
            assert "Traceback" not in refused.text
        assert up.reach.machines.run(SERVER, "grep -c 'Accepted publickey' /var/log/sshd.log")[1] == logged_in
    finally:
        up.project.change("host/host_key", pinned)
    back(up)


def test_a_key_that_the_host_refuses_is_reported_with_the_setting(up: Far) -> None:
    close(up)
    up.project.change("host/identity_file", str(up.reach.keys / "stranger"))
    try:
        refused = up.project.up()
        assert not refused.ok
        assert refused.text.startswith("host/identity_file: the host does not accept this key"), refused.text
    finally:
        up.project.change("host/identity_file", str(up.reach.keys / "operator"))
    back(up)


def test_a_machine_that_does_not_answer_is_reported_with_the_setting(up: Far) -> None:
    close(up)
    up.project.change("host/port", 2222)
    try:
        refused = up.project.up()
        assert not refused.ok
        assert "Connection refused" in refused.text
        assert "host/address: is it up, is the port right, and does its firewall accept this address?" in refused.text
    finally:
        up.project.change("host/port", None)
    back(up)


def test_a_connection_that_breaks_during_a_step_is_reported_and_the_next_up_continues(up: Far) -> None:
    up.project.change("services/service-3/app/env", {"START_DELAY_S": "10"})
    running = up.project.begin()
    eventually(lambda: up.reach.machines.run(SERVER, "pgrep -f '[g]ate service-3/app'")[0] == 0, PATIENCE_S)
    assert up.reach.machines.run(SERVER, "pkill -KILL sshd-session") == (0, "")
    said, _ = running.communicate(timeout=300)
    assert running.returncode
    assert "the SSH connection broke during the step" in said
    assert up.get("/ready") == 200
    gone_on = up.project.up()
    assert gone_on.ok, gone_on.text
    assert up.get("/ready") == 200
    assert up.project.changes() == {}


def test_a_dump_is_sent_over_ssh_and_continues_after_a_broken_connection(up: Far) -> None:
    """Some 60 MB that cannot be compressed, from a database on the machine itself."""
    postgres = "docker exec -i sertantai-far-postgres"
    words = "SELECT string_agg(md5(g || '-' || h), '') FROM generate_series(1, 2000) h"
    rows = f"SELECT g, ({words}) FROM generate_series(1, 1500) g"
    create = f"{postgres} psql -q -U postgres -c 'DROP DATABASE IF EXISTS dev' -c 'CREATE DATABASE dev'"
    eventually(lambda: up.reach.ssh(create).ok)  # on a busy machine, runc sometimes fails to start a process
    made = up.reach.ssh(
        f"""{postgres} sh -c 'pg_dump -U postgres -x -O sertantai_service_4 | psql -q -U postgres dev' > /dev/null
        {postgres} psql -q -U postgres -d dev -c "INSERT INTO items (key, body) {rows}" """
    )
    assert made.ok, made.error
    dump = up.project.folder / "dumps" / "service-4.dump"
    dump.parent.mkdir()
    with dump.open("wb") as file:
        command = f"{postgres} pg_dump -U postgres -Fc -a dev"
        subprocess.run([*up.reach.interpreter(), command], stdout=file, check=True)
    assert dump.stat().st_size > 40_000_000
    up.project.change("services/service-4/restore", {"dump": "dumps/service-4.dump", "expect": {"items": 1500}})
    shown = up.project.preview()
    assert shown.ok, shown.text
    assert "service-4/restore: 1,500 rows of 2 tables from dumps/service-4.dump" in shown.text

    running = up.project.begin()

    def arrived() -> int:
        count = "cat /root/.sertantai/far/service-4-incoming-* 2>/dev/null | wc -c"
        return int(up.reach.machines.run(SERVER, count)[1])

    eventually(lambda: arrived() > 0, PATIENCE_S)
    assert up.reach.machines.run(SERVER, "pkill -KILL sshd-session") == (0, "")
    said, _ = running.communicate(timeout=300)
    if running.returncode:  # otherwise it has continued by itself
        assert "the SSH connection broke during the step" in said
        # If everything had arrived, the machine continues without a connection.
        eventually(lambda: up.reach.machines.run(SERVER, "pgrep -f '[r]estore-load service-4'")[0] != 0, 120)
        gone_on = up.project.up()
        assert gone_on.ok, gone_on.text
        said = gone_on.text
    assert re.search("service-4/restore: (all rows are loaded|.* was restored into sertantai_service_4 at)", said)
    assert (
        up.reach.ssh(f"{postgres} psql -At -U postgres -d sertantai_service_4 -c 'SELECT count(*) FROM items'").out
        == "1500\n"
    )
    assert up.reach.machines.run(SERVER, "ls /root/.sertantai/far")[1].split() == ["service-4-before.dump"]
    assert up.project.changes() == {}


def back(far: Far) -> None:
    """Waits until the host accepts the key: sshd delays a client with an unknown key. Nothing has changed.

    The command opens one connection first. Plain Pulumi opens several at once, which sshd delays again.
    """
    eventually(lambda: far.project.preview().ok, PATIENCE_S)
    assert far.project.changes() == {}


def close(far: Far) -> None:
    """Closes the connection, which would run another configuration's commands too."""
    far.project.ssh_control("exit")
    eventually(lambda: not far.project.ssh_control("check").ok)
