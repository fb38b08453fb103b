"""A wrong name of a stack, a service or a part is refused with the name that was meant."""

from pathlib import Path

import pytest

from cli.refused import Refused
from cli.stack import services

FILE = "config: {sertantai:services: {legal: {app: {}, electric: {}}, auth: {app: {}}}}"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one stack file that stands in for the project."""
    (tmp_path / "Pulumi.trial.yaml").write_text(FILE)
    monkeypatch.setattr(services, "ROOT", tmp_path)
    return tmp_path


def test_a_service_is_found_by_its_name() -> None:
    assert services.find("trial", "legal") == {"app": {}, "electric": {}}
    assert services.parts("trial", "legal") == ["app", "electric"]
    assert services.find_part("trial", "legal", "electric") == "electric"


@pytest.mark.parametrize(
    ("stack", "service", "message"),
    [
        ("trial", "legl", "legl: Pulumi.trial.yaml has no such service; did you mean legal?"),
        ("trial", "x", "x: Pulumi.trial.yaml has no such service; there are: legal, auth"),
        ("trail", "legal", "--stack: there is no file Pulumi.trail.yaml; did you mean trial?"),
    ],
)
def test_a_wrong_name_is_refused_with_the_one_that_was_meant(stack: str, service: str, message: str) -> None:
    with pytest.raises(Refused) as refused:
        services.find(stack, service)
    assert str(refused.value) == message


def test_a_part_that_the_service_does_not_declare_is_refused() -> None:
    with pytest.raises(Refused, match=r"^auth/frontend: the service has no such part; there is: app$"):
        services.find_part("trial", "auth", "frontend")


def test_a_stack_file_that_is_no_yaml_is_refused_with_its_line(project: Path) -> None:
    (project / "Pulumi.trial.yaml").write_text("config: {a: [}\n")
    with pytest.raises(Refused, match=r"^Pulumi.trial.yaml: is not YAML: see line 1$"):
        services.find("trial", "legal")
