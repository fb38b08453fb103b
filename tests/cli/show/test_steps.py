"""The names of steps that an operator sees."""

import pytest

from cli.show.steps import SERVICES, is_step, title
from settings import StackFile
from tests.doubles.recording import declare


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("legal-app", "legal/app"),
        ("legal-app-gate", "legal/app gate"),
        ("legal-cutover", "legal/electric cut-over"),
        ("legal-site-switch", "legal: site switch"),
        ("legal-migrate", "legal: migration"),
        ("legal-eu-app-gate", "legal-eu/app gate"),
        ("nginx-server", "nginx"),
        ("nginx-files-folder", "nginx: files folder"),
        ("network-bridge", "network"),
        ("server-server", "host: server"),
        ("host-ready", "host: ready"),
    ],
)
def test_a_resource_is_named_by_its_service_and_part(name: str, words: str) -> None:
    assert title(name, {"legal", "legal-eu", "auth"}) == words


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_each_step_of_the_program_has_its_own_title(stack: str) -> None:
    declared = declare(stack)
    services = {resource.name for resource in declared if resource.type in SERVICES}
    titles = [title(resource.name, services) for resource in declared if is_step(resource.type)]
    stack_file = StackFile.read(stack)
    assert services == {*stack_file.block("services"), *stack_file.block("sites")}
    assert sorted({*titles}) == sorted(titles)
