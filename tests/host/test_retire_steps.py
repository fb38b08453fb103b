"""What retire does in which order, without Docker."""

import argparse
from collections.abc import Sequence

import pytest

from host import docker, retire, storage
from host.failure import Failure


class Containers:
    """Docker with a service's containers. It records the changes to them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, names: Sequence[str], electrics: Sequence[str] = ()) -> None:
        self.there, self.electrics, self.done = list(names), list(electrics), list[str]()
        self.stuck: set[str] = set()
        self.draining = 0
        """How many times the gateway still reports an old worker."""
        self.refusals, self.gateway_runs = 0, True
        monkeypatch.setattr(docker, "is_running", lambda _: self.gateway_runs)
        monkeypatch.setattr(docker, "list_containers", self.names)
        monkeypatch.setattr(docker, "execute", self.execute)
        monkeypatch.setattr(
            docker, "stop", lambda names, grace_s: self.done.append(f"stop {grace_s} {' '.join(names)}")
        )
        monkeypatch.setattr(docker, "remove", self.remove)
        monkeypatch.setattr(storage, "prune", lambda what, container: self.done.append(f"prune {what} {container}"))
        monkeypatch.setattr("host.retire.time.sleep", lambda _: None)

    def names(self, labels: dict[str, str], *, running: bool = False) -> list[str]:
        assert (labels[retire.STACK], labels[retire.SERVICE]) == ("prod", "legal")
        return self.electrics if labels.get(retire.PART) == retire.ELECTRIC else self.there

    def execute(self, container: str, command: Sequence[str]) -> docker.Output:
        self.done.append(f"look at {container}")
        if self.refusals:
            self.refusals -= 1
            return docker.Output(126, "", "OCI runtime exec failed\n")
        self.draining -= 1
        warning = "WARNING: Error loading config file\n"
        return docker.Output(0, "draining\n" if self.draining >= 0 else "drained\n", warning)

    def remove(self, container: str) -> bool:
        self.done.append(f"remove {container}")
        return container not in self.stuck


def run(keep: Sequence[str], drain_s: int = 30) -> None:
    words = {"stack": "prod", "service": "legal", "keep": keep, "gateway": "nginx", "drain": drain_s, "grace": 60}
    retire.run(argparse.Namespace(**words), {})


def test_requests_in_flight_complete_before_anything_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    containers = Containers(monkeypatch, ["legal-app-1", "legal-app-2"])
    containers.draining = 2
    run(["legal-app-2"])
    assert containers.done == ["look at nginx"] * 3 + ["stop 60 legal-app-1", "remove legal-app-1"]


def test_the_drain_ends_after_its_time_and_reports_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    containers = Containers(monkeypatch, ["legal-app-1"])
    containers.draining = 1000
    run([], drain_s=0)
    assert (
        "legal: after 0 s the gateway still had requests in flight, of this service or another\n"
        in capsys.readouterr().out
    )
    assert containers.done[-1] == "remove legal-app-1"


def test_a_gateway_that_cannot_be_asked_for_a_moment_is_not_drained(monkeypatch: pytest.MonkeyPatch) -> None:
    containers = Containers(monkeypatch, ["legal-app-1"])
    containers.draining, containers.refusals = 1, 2
    run([])
    assert containers.done.count("look at nginx") == 4


def test_a_gateway_that_does_not_run_has_no_requests_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    containers = Containers(monkeypatch, ["legal-app-1"])
    containers.refusals, containers.gateway_runs = 99, False
    run([])
    assert containers.done.count("look at nginx") == 1


def test_without_old_containers_the_gateway_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    containers = Containers(monkeypatch, ["legal-app-2"])
    run(["legal-app-2"])
    assert containers.done == []


def test_the_storage_of_old_electrics_is_removed_after_their_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    containers = Containers(monkeypatch, ["legal-electric-1", "legal-electric-2"], ["legal-electric-2"])
    run(["legal-electric-2"])
    assert containers.done[-2:] == ["remove legal-electric-1", "prune legal/electric legal-electric-2"]


def test_a_container_that_cannot_be_removed_is_an_error_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    containers = Containers(monkeypatch, ["legal-app-1"])
    containers.stuck = {"legal-app-1"}
    with pytest.raises(Failure, match="legal: container legal-app-1 cannot be removed; run up again"):
        run([])


def test_a_docker_that_does_not_answer_is_not_an_empty_list(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object, **__: object) -> list[str]:
        raise Failure(docker.NO_ANSWER)

    monkeypatch.setattr(docker, "list_containers", silent)
    with pytest.raises(Failure, match="Docker does not answer on the host"):
        run([])
