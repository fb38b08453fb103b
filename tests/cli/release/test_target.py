"""A release of one service is limited to that service."""

from typing import Any

import pytest

from cli.refused import Refused
from cli.release.target import running_images, urns
from settings import StackFile

from ..releasing import OWN, image, resource


def file(**services: Any) -> StackFile:
    return StackFile(name="trial", values={"sertantai:services": services, "sertantai:nginx": {"image": "nginx:1"}})


def test_the_targets_are_the_service_and_all_of_its_children_also_those_that_are_new() -> None:
    assert urns(file(legal={}, auth={}), [], "legal") == [f"{OWN}**::legal", f"{OWN}$**::legal-*", "**::host-program"]


def test_a_new_service_that_a_pattern_cannot_tell_from_others_is_refused() -> None:
    with pytest.raises(Refused, match=r"legal: is new.*up --stack trial` first"):
        urns(file(**{"legal": {}, "legal-api": {}}), [], "legal")


def test_a_service_whose_name_begins_another_ones_name_is_limited_to_what_the_state_has() -> None:
    own = [
        resource("sertantai:service:Service", f"{OWN}::legal", "legal"),
        resource("command:local:Command", f"{OWN}$command:local:Command::legal-retire", "", f"{OWN}::legal"),
    ]
    other = [
        resource("sertantai:service:Service", f"{OWN}::legal-api", "legal-api"),
        resource("command:local:Command", f"{OWN}$command:local:Command::legal-api-retire", "", f"{OWN}::legal-api"),
    ]
    expected = [*sorted(each["urn"] for each in own), "**::host-program"]
    assert urns(file(legal={}, **{"legal-api": {}}), [*own, *other], "legal") == expected
    # It is removed from the stack file, and not by this release.
    assert urns(file(legal={}), [*own, *other], "legal") == expected
    assert f"{OWN}$**::legal-api-*" in urns(file(legal={}, **{"legal-api": {}}), [*own, *other], "legal-api")


def test_the_watch_container_is_told_unless_that_depends_on_what_only_a_whole_up_adds() -> None:
    alerts = {"sertantai:alerts": {"webhook_url": "https://alerts.test"}, "sertantai:sites": {"board": {}}}
    declared = file(legal={}, auth={})
    watched = StackFile(name="trial", values={**declared.values, **alerts})
    there = ("watch-declared", "auth-retire", "board-site-switch")
    state = [resource("command:local:Command", f"urn:pulumi:trial::{name}", "") for name in there]
    assert urns(watched, state, "legal")[-1] == "**::watch-declared"
    for missing in state:
        assert urns(watched, [each for each in state if each != missing], "legal")[-1] == "**::host-program"
    assert urns(declared, state, "legal")[-1] == "**::host-program", "without alerts"
    backup = StackFile(name="trial", values={**watched.values, "sertantai:backup": {"repository": {}}})
    assert urns(backup, state, "legal")[-1] == "**::host-program"


def test_all_images_without_a_digest_are_those_that_run_and_of_one_tag_the_services_own() -> None:
    blocks = {
        "legal": {"app": {"image": "r.test/app:1"}, "frontend": {"image": "r.test/frontend:1@sha256:f"}},
        "auth": {"app": {"image": "r.test/app:1"}},
    }
    state = [
        image("legal-app", "r.test/app@sha256:new"),
        image("auth-app", "r.test/app@sha256:old", "auth"),
        image("legal-frontend", "r.test/frontend@sha256:f"),
        image("nginx", "nginx@sha256:n", ""),
    ]
    assert running_images(file(**blocks), state, "legal") == {
        "nginx:1": "nginx@sha256:n",
        "r.test/app:1": "r.test/app@sha256:new",
    }
    assert running_images(file(**blocks), state, "auth")["r.test/app:1"] == "r.test/app@sha256:old"


def test_an_image_whose_repository_has_changed_in_the_stack_file_is_looked_up() -> None:
    state = [image("legal-app", "r.test/old@sha256:o")]
    assert running_images(file(legal={"app": {"image": "r.test/new:1"}}), state, "legal") == {}
