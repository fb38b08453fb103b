"""The settings of a server's Docker: its containers keep running, and a wrong setting changes nothing."""

import json

import pytest

from host.failure import Failure
from render import server as settings
from tests.doubles.commands import FINE, failed, printed

from .configuring import Server


@pytest.fixture(autouse=True)
def _has_another_file(server: Server) -> None:
    server.daemon.write_text('{"icc": true}')


def test_an_adopted_dockers_own_folder_stays_and_open_sockets_are_removed(server: Server) -> None:
    server.daemon.write_text(json.dumps({"data-root": "/srv/docker", "hosts": ["tcp://0.0.0.0:2375"]}))
    server.configure()
    assert json.loads(server.daemon.read_text()) == {"data-root": "/srv/docker", **settings.DOCKER}


def test_the_first_boot_writes_the_same_settings(server: Server) -> None:
    server.daemon.write_text(settings.docker_daemon().content)
    assert server.configure() == []


@pytest.mark.parametrize("content", ["{", "7"])
def test_a_file_without_json_is_not_changed(server: Server, content: str) -> None:
    server.daemon.write_text(content)
    with pytest.raises(Failure, match=r"^host: .*daemon.json there is no JSON: fix it by hand"):
        server.configure()
    assert server.daemon.read_text() == content


def test_settings_that_docker_refuses_change_nothing(server: Server) -> None:
    server.commands.answers["dockerd --validate"] = failed("unable to configure\ninvalid pool\n")
    with pytest.raises(
        Failure, match=r"^host: Docker refuses its new settings, and nothing was changed: invalid pool$"
    ):
        server.configure()
    assert server.daemon.read_text() == '{"icc": true}'


def test_settings_that_docker_cannot_start_with_are_reverted(server: Server) -> None:
    answers = iter([failed("failed to start"), FINE])
    server.commands.answers["systemctl restart docker"] = lambda: next(answers)
    with pytest.raises(Failure, match=r"^host: Docker does not start with its new settings, and the previous ones"):
        server.configure()
    assert server.daemon.read_text() == '{"icc": true}'
    assert server.commands.ran[-1] == "systemctl restart docker"
    assert not server.is_due("docker")


def test_containers_that_would_not_survive_a_restart_keep_running(server: Server) -> None:
    server.docker.answers["info"] = printed("false\n")
    assert "at its next restart" in server.configure()[-1]
    assert server.commands.has_run("systemctl reload docker")
    assert not server.commands.has_run("systemctl restart docker")
    assert server.configure() == []


def test_without_containers_docker_is_restarted_even_without_live_restore(server: Server) -> None:
    server.docker.answers |= {"info": printed("false\n"), "ps": FINE}
    assert server.configure()[-1] == "host: restarted Docker; its containers kept running"


def test_a_stopped_docker_reads_them_when_it_starts(server: Server) -> None:
    server.commands.answers["systemctl is-active -q docker"] = failed()
    assert server.configure() == [f"host: changed {server.daemon}"]
    assert server.docker.ran == []
