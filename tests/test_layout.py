"""The structure of the project itself."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ["settings", "render", "components"]


def imported(file: Path) -> set[str]:
    """The first words of all absolute imports of a file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_go_one_way_from_settings_to_the_program(layer: str) -> None:
    forbidden = {*LAYERS[LAYERS.index(layer) + 1 :], "rehearsal", "cli", "tests"}
    for file in (ROOT / layer).rglob("*.py"):
        assert not imported(file) & forbidden, file


def test_the_program_on_the_host_needs_nothing_but_pythons_own_library() -> None:
    for file in (ROOT / "host").rglob("*.py"):
        assert imported(file) <= {*sys.stdlib_module_names, "host"}, file


@pytest.mark.parametrize("layer", LAYERS)
def test_no_layer_imports_the_program_on_the_host(layer: str) -> None:
    """It is called by a line, so that the version on a host and this one need not be the same."""
    for file in (ROOT / layer).rglob("*.py"):
        assert "host" not in imported(file), file


def test_templates_are_for_configuration_and_hold_no_shell_and_no_sql() -> None:
    names = {file.name for file in (ROOT / "render" / "templates").iterdir()}
    assert {name for name in names if name.endswith((".sh.j2", ".sql.j2"))} == set()


def test_only_the_settings_read_configuration() -> None:
    readers = [file.name for file in (ROOT / "components").rglob("*.py") if "pulumi.Config(" in file.read_text()]
    assert readers == ["secret.py"]


def test_renderers_are_pure() -> None:
    for file in (ROOT / "render").rglob("*.py"):
        assert not imported(file) & {"pulumi", "pulumi_docker", "pulumi_command", "os", "subprocess", "socket"}, file


def test_the_picture_shows_what_the_program_declares_now() -> None:
    from docs import picture

    assert picture.FILE.read_text() == picture.current(), "run `make picture`"
