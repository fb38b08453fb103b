"""The server's settings: differences are corrected and reported. tests/hetzner runs it on a server."""

import os
import shutil
import subprocess
import sys

import pytest

from host import configure, system
from host.failure import Failure
from render import server as settings
from tests.doubles.commands import FINE, failed, printed
from tests.places import ROOT

from .configuring import Server


def test_a_correct_server_is_not_changed(server: Server) -> None:
    before = {file: file.stat().st_mtime_ns for file in server.root.rglob("*") if "run" not in file.parts}
    assert server.configure() == []
    asked = ("sshd -T", "sysctl -e ", "swapon --show", "systemctl is-", "iptables -w 30 -C")
    assert [line for line in server.commands.ran if not line.startswith(asked)] == []
    assert server.docker.ran == []
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_a_change_by_hand_is_corrected_and_reported(server: Server) -> None:
    server.path("sshd_config.d/10-sertantai.conf").write_text("PermitRootLogin yes\n")
    server.path("52sertantai-upgrades").chmod(0o666)
    server.path("journald.conf.d/10-sertantai.conf").unlink()
    with server.path("sertantai-metadata.service").open("a") as file:
        file.write("# mine\n")
    server.commands.answers["sysctl -e"] = printed("vm.swappiness = 60\n")
    server.daemon.write_text("{}")
    etc = f"{server.root}/etc"
    assert server.configure() == [
        f"host: changed {etc}/ssh/sshd_config.d/10-sertantai.conf",
        f"host: changed {etc}/apt/apt.conf.d/52sertantai-upgrades",
        f"host: changed {etc}/systemd/journald.conf.d/10-sertantai.conf",
        f"host: changed {etc}/systemd/system/sertantai-metadata.service",
        "host: set the kernel's settings",
        f"host: changed {etc}/docker/daemon.json",
        "host: restarted Docker; its containers kept running",
    ]
    for line in (
        "systemctl reload ssh",
        "systemctl restart systemd-journald",
        "systemctl daemon-reload",
        "systemctl restart sertantai-metadata",
        "systemctl restart docker",
    ):
        assert server.commands.has_run(line), line
    server.commands.answers["sysctl -e"] = printed("vm.swappiness = 10\n")
    assert server.configure() == []


def test_a_file_is_written_atomically_and_readable_for_everyone(server: Server) -> None:
    file = server.path("52sertantai-upgrades")
    file.write_text("another")
    server.configure()
    assert file.read_text() == settings.files("05:30")[1].content
    assert file.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_only_root_can_run_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configure, "is_root", lambda: False)
    with pytest.raises(
        Failure,
        match=r"^host: only root can change the server's settings: connect as root \(host/user\)",
    ):
        server.configure()


def test_it_waits_for_another_run_and_then_reports_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "LOCK_WAIT_S", 0)
    hold = "from host import system\nwith system.lock_settings(): print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(server.root)},
    ) as other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(Failure, match=r"^host: another run has been changing the server's settings for 0 minutes"):
            server.configure()
        other.communicate(b"\n")
    assert server.configure() == []


class TestPackages:
    @pytest.fixture(autouse=True)
    def _lacks_iptables(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "which", lambda command: None if command == "iptables" else command)

    def test_a_missing_package_is_installed(self, server: Server) -> None:
        assert server.configure() == ["host: installed iptables"]
        [install] = [line for line in server.commands.ran if " install " in line]
        assert install.endswith(" install iptables")

    def test_a_package_that_cannot_be_installed_is_reported_with_apts_error(self, server: Server) -> None:
        server.commands.answers["apt-get -qq -o"] = failed("E: Unable to locate package iptables\n", 100)
        with pytest.raises(Failure) as failure:
            server.configure()
        assert str(failure.value).splitlines() == [
            "host: cannot install iptables; run up again. apt's last lines:",
            "    E: Unable to locate package iptables",
        ]

    def test_locked_package_lists_are_tried_again(self, server: Server) -> None:
        answers = iter([failed(), failed(), FINE])
        server.commands.answers["apt-get -qq update"] = lambda: next(answers)
        assert server.configure() == ["host: installed iptables"]

    def test_the_installation_is_tried_even_if_the_lists_stay_locked(self, server: Server) -> None:
        server.commands.answers["apt-get -qq update"] = failed()
        assert server.configure() == ["host: installed iptables"]


class TestSshd:
    @pytest.fixture(autouse=True)
    def _has_another_file(self, server: Server) -> None:
        server.path("sshd_config.d/10-sertantai.conf").write_text("# previous\n")

    def test_settings_that_sshd_refuses_are_reverted_before_it_reads_them(self, server: Server) -> None:
        server.commands.answers["sshd -t"] = failed("line 3: Bad configuration option\nterminating\n")
        with pytest.raises(Failure) as failure:
            server.configure()
        assert str(failure.value).splitlines() == [
            "host: sshd refuses its new settings, and the previous ones are back:",
            "    line 3: Bad configuration option",
            "    terminating",
        ]
        assert server.path("sshd_config.d/10-sertantai.conf").read_text() == "# previous\n"
        assert not server.commands.has_run("systemctl reload ssh")
        assert not server.is_due("sshd")

    def test_refused_settings_are_removed_if_there_were_none_before(self, server: Server) -> None:
        server.path("sshd_config.d/10-sertantai.conf").unlink()
        server.commands.answers["sshd -t"] = failed("no hostkeys available")
        with pytest.raises(Failure, match="no hostkeys available"):
            server.configure()
        assert not server.path("sshd_config.d/10-sertantai.conf").exists()

    def test_an_interrupted_run_is_completed_by_the_next(self, server: Server) -> None:
        server.commands.answers["systemctl reload ssh"] = failed("interrupted")
        with pytest.raises(Failure, match=r"^host: systemctl reload ssh failed with exit code 1: interrupted"):
            server.configure()
        assert server.is_due("sshd")
        server.commands.answers["systemctl reload ssh"] = FINE
        assert server.configure() == []
        assert server.commands.has_run("systemctl reload ssh")
        assert not server.is_due("sshd")

    def test_the_copy_of_an_interrupted_run_is_the_one_that_is_restored(self, server: Server) -> None:
        path = server.path("sshd_config.d/10-sertantai.conf")
        server.commands.answers["systemctl reload ssh"] = failed()
        with pytest.raises(Failure):
            server.configure()
        path.write_text("# half\n")
        server.commands.answers["sshd -t"] = failed("bad")
        with pytest.raises(Failure, match="the previous ones are back"):
            server.configure()
        assert path.read_text() == "# previous\n"

    def test_an_sshd_that_still_accepts_passwords_is_reported(self, server: Server) -> None:
        server.commands.answers["sshd -T"] = printed("passwordauthentication yes\n")
        with pytest.raises(Failure, match=r"^host: sshd still accepts passwords: begin .* with Include"):
            server.configure()


def test_a_setting_that_the_kernel_refuses_is_reported(server: Server) -> None:
    server.commands.answers["sysctl -e"] = printed("vm.swappiness = 60\n")
    server.commands.answers["sysctl -q -e -p"] = failed()
    with pytest.raises(Failure, match=r"^host: the kernel refuses a setting of .*99-sertantai.conf$"):
        server.configure()


def test_a_unit_that_is_stopped_or_disabled_is_started_and_enabled(server: Server) -> None:
    server.commands.answers |= {
        "systemctl is-active docker": printed("active\ninactive\n"),
        "systemctl is-active -q apt-daily.timer": failed(),
        "systemctl is-enabled -q systemd-timesyncd": failed(),
    }
    assert server.configure() == ["host: started apt-daily.timer", "host: started systemd-timesyncd"]
    assert server.commands.has_run("systemctl enable -q --now apt-daily.timer")


def test_a_server_with_another_time_service_keeps_it(server: Server) -> None:
    configure.CLOCK.unlink()
    server.configure()
    assert not any("timesyncd" in line for line in server.commands.ran)


def test_a_stopped_metadata_unit_is_started_and_not_restarted(server: Server) -> None:
    server.path("sertantai-metadata.service").unlink()
    server.commands.answers["systemctl is-active -q sertantai-metadata"] = failed()
    server.commands.answers["systemctl is-active docker"] = printed("inactive\n")
    assert "host: started sertantai-metadata" in server.configure()
    assert not server.commands.has_run("systemctl restart sertantai-metadata")


def test_a_rule_that_was_removed_by_hand_is_restored(server: Server) -> None:
    server.commands.answers["iptables"] = failed()
    assert server.configure() == ["host: blocked the metadata service for containers"]
    assert server.commands.has_run("systemctl restart sertantai-metadata")


def test_a_missing_command_is_an_error_without_a_traceback() -> None:
    assert system.run("not-there-at-all").code == 127
    with pytest.raises(Failure, match=r"^host: not-there-at-all failed with exit code 127: "):
        system.check_output("not-there-at-all")
    assert system.check_output("echo", "a b") == "a b\n"
