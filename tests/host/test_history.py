"""The history of releases in a real PostgreSQL: what a run records, what is recorded for it, what a reader sees."""

import json
from typing import Any

import pytest

from host import files, history
from host.psql import Postgres
from tests.throwaway.box import docker
from tests.throwaway.calling import call
from tests.throwaway.cluster import ask

pytestmark = pytest.mark.docker


def record(cluster: str, service: str, result: str, *, run: str = "one", seconds: float = 1, **more: Any) -> None:
    release = {"seconds": seconds, "result": result, **more}
    inputs = {"run": run, "command": "deploy", "who": "anna@laptop", "commit": "c0ffee", "services": {service: release}}
    said = call("release-record", postgres=cluster, inputs=inputs)
    assert said.ok, said.out


def serve(cluster: str, service: str, **images: str) -> None:
    said = call("prune-images", service, postgres=cluster, inputs={"images": images})
    assert said.ok, said.out


def read(cluster: str, service: str) -> list[dict[str, Any]]:
    said = call("releases", service=service, postgres=cluster)
    assert said.ok, said.error
    releases: list[dict[str, Any]] = json.loads(said.out)
    return releases


def results(cluster: str, service: str) -> list[tuple[int, str]]:
    return [(each["number"], each["result"]) for each in read(cluster, service)]


def age(cluster: str, service: str) -> None:
    """Makes the last word of the service's run as old as it is a while after the run's laptop has died."""
    ask(cluster, f"UPDATE public.sertantai_history SET seen = now() - interval '1 hour' WHERE service = '{service}'")


def test_a_run_records_its_release_once_and_then_how_it_ended(cluster: str, name: str) -> None:
    record(cluster, name, "running", seconds=1)
    record(cluster, name, "running", seconds=31)
    assert results(cluster, name) == [(1, "running")]
    record(cluster, name, "failed", seconds=40, error="legal/app: died", tags={"app": "app:2"}, images={"app": "app@2"})
    [release] = read(cluster, name)
    expected = {"number": 1, "who": "anna@laptop", "command": "deploy", "commit": "c0ffee", "result": "failed"}
    assert expected.items() <= release.items()
    assert (release["error"], release["images"], release["tags"]) == (
        "legal/app: died",
        {"app": "app@2"},
        {"app": "app:2"},
    )


def test_a_run_whose_laptop_died_is_interrupted_and_ended_when_it_was_last_seen(cluster: str, name: str) -> None:
    record(cluster, name, "running", seconds=10)
    age(cluster, name)
    [release] = read(cluster, name)
    assert release["result"] == "interrupted"
    assert release["ended"] is not None
    record(cluster, name, "serves", seconds=20)  # the laptop only slept
    assert results(cluster, name) == [(1, "serves")]


def test_a_run_that_another_one_follows_no_longer_runs(cluster: str, name: str) -> None:
    record(cluster, name, "running", run="killed")
    record(cluster, name, "running", run="next")
    assert results(cluster, name) == [(2, "running"), (1, "interrupted")]


def test_a_release_by_plain_pulumi_is_recorded_and_one_by_the_command_only_once(cluster: str, name: str) -> None:
    serve(cluster, name, app="app@1")
    serve(cluster, name, app="app@1")  # the step runs again after a failure
    assert [(each["number"], each["who"], each["images"]) for each in read(cluster, name)] == [
        (1, "", {"app": "app@1"})
    ]
    record(cluster, name, "running", run="two", seconds=0)
    serve(cluster, name, app="app@2")
    record(cluster, name, "serves", run="two")
    assert results(cluster, name) == [(2, "serves"), (1, "serves")]
    assert read(cluster, name)[0]["images"] == {"app": "app@2"}


def test_a_killed_run_whose_release_plain_pulumi_completes_serves_since_then(cluster: str, name: str) -> None:
    record(cluster, name, "running", seconds=20)
    serve(cluster, name, app="app@2")
    [running] = read(cluster, name)
    assert (running["result"], running["ended"]) == ("running", None)  # nobody knows yet that the run is dead
    age(cluster, name)
    [served] = read(cluster, name)
    assert (served["result"], served["images"]) == ("serves", {"app": "app@2"})
    assert served["seconds"] >= 20
    record(cluster, name, "running", run="next")
    assert results(cluster, name) == [(2, "running"), (1, "serves")]


def test_a_killed_run_does_not_get_the_images_of_the_run_that_follows_it(cluster: str, name: str) -> None:
    record(cluster, name, "running", run="killed")
    record(cluster, name, "running", run="next")
    serve(cluster, name, app="app@2")
    assert [(each["result"], each["images"]) for each in read(cluster, name)] == [
        ("running", {"app": "app@2"}),
        ("interrupted", {}),
    ]


def test_a_run_that_goes_on_after_its_images_serve_says_itself_how_it_ended(cluster: str, name: str) -> None:
    record(cluster, name, "running")
    serve(cluster, name, app="app@2")
    record(cluster, name, "running", seconds=31)
    [running] = read(cluster, name)
    assert (running["result"], running["ended"]) == ("running", None)
    record(cluster, name, "failed", seconds=40, error="legal/logins: no answer")
    assert results(cluster, name) == [(1, "failed")]


def test_a_run_takes_over_what_was_recorded_while_it_could_not(cluster: str, name: str) -> None:
    serve(cluster, name, app="app@1")
    record(cluster, name, "serves", seconds=300)
    [release] = read(cluster, name)
    assert (release["who"], release["result"], release["images"]) == ("anna@laptop", "serves", {"app": "app@1"})


def test_a_history_that_begins_later_begins_with_the_images_that_serve(cluster: str, name: str) -> None:
    serve(cluster, name, app="app@1", frontend="frontend@1")
    serve(cluster, name, app="app@2", frontend="frontend@1")
    ask(cluster, "DROP TABLE public.sertantai_history")
    assert read(cluster, name) == []
    assert ask(cluster, "SELECT to_regclass('public.sertantai_history')") == ""  # reading changes nothing
    record(cluster, name, "running", seconds=0)
    assert results(cluster, name) == [(2, "running"), (1, "serves")]
    assert read(cluster, name)[1]["images"] == {"app": "app@2", "frontend": "frontend@1"}


def test_the_commit_of_an_image_is_that_of_its_label(base_image: str, cluster: str, name: str) -> None:
    label = f"FROM {base_image}\nLABEL {history.REVISION}=c0ffee\n"
    assert docker("build", "-q", "-t", f"{name}:1", "-", stdin=label).ok
    try:
        serve(cluster, name, app=f"{name}:1", frontend="unknown@1")
    finally:
        docker("rmi", f"{name}:1")
    assert read(cluster, name)[0]["commits"] == {"app": "c0ffee"}


def test_only_the_last_releases_are_kept(cluster: str, name: str) -> None:
    record(cluster, name, "serves")
    about = {"run": "", "command": "", "who": "", "commit": "", "service": name, "seconds": "1", "result": "serves"}
    rest = {"error": "", "images": "{}", "commits": "{}", "tags": "{}", "kept": "2"}
    for number in range(3):
        Postgres(cluster).query(files.sql("history_record"), {**about, **rest, "run": str(number)})
    assert [number for number, _ in results(cluster, name)] == [4, 3]
