"""The structure of the project itself."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ["settings", "render", "components"]
ROOMS = ["machine", "platform", "service"]
DECLARES = {"parent", "opts", "depends_on", "after", "release"}
"""Each function that declares a resource has one of these among its arguments."""


def imported(file: Path) -> set[str]:
    """Returns the top-level names of all absolute imports of a file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


def rooms_of(file: Path) -> set[str]:
    """Returns the rooms that a file of components/ imports from, each by the room's name."""
    package = file.relative_to(ROOT).parent.parts
    words: set[tuple[str, ...]] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            module = (*start, *(node.module.split(".") if node.module else ()))
            words |= {(*module, alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            words |= {tuple(alias.name.split(".")) for alias in node.names}
    return {word[1] for word in words if word[0] == "components"} & set(ROOMS)


def functions(folder: Path) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Returns all functions below a folder, each with a name to find it by."""
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef):
                yield f"{file.relative_to(ROOT)}: {node.name}", node


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_go_one_way_from_settings_to_the_program(layer: str) -> None:
    forbidden = {*LAYERS[LAYERS.index(layer) + 1 :], "local", "rehearsal", "cli", "tests"}
    for file in (ROOT / layer).rglob("*.py"):
        assert not imported(file) & forbidden, file


@pytest.mark.parametrize("room", ROOMS)
def test_a_service_imports_the_platform_and_the_platform_imports_the_machine(room: str) -> None:
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    for file in (ROOT / "components" / room).rglob("*.py"):
        assert rooms_of(file) <= allowed, file


def test_modules_for_all_rooms_import_none_of_them() -> None:
    for file in (ROOT / "components").glob("*.py"):
        assert rooms_of(file) == set(), file


def test_no_constructor_or_step_has_more_than_three_positional_arguments_after_its_name() -> None:
    long = {}
    for name, function in functions(ROOT / "components"):
        positional = [each.arg for each in [*function.args.posonlyargs, *function.args.args]]
        every = {*positional, *(each.arg for each in function.args.kwonlyargs)}
        if function.name == "__init__" or every & DECLARES:
            counted = [argument for argument in positional if argument not in ("self", "name")]
            if len(counted) > 3:
                long[name] = counted
    assert long == {}


def test_every_component_has_a_name_args_and_options() -> None:
    odd = []
    for file in (ROOT / "components").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef) and any("ComponentResource" in ast.unparse(base) for base in node.bases):
                [make] = [part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"]
                last = ast.unparse(make.body[-1])
                if [each.arg for each in make.args.args] != [
                    "self",
                    "name",
                    "args",
                    "opts",
                ] or "register_outputs" not in last:
                    odd.append(f"{file.relative_to(ROOT)}: {node.name}")
    assert odd == []


def test_the_program_on_the_host_needs_the_standard_library_alone() -> None:
    for file in (ROOT / "host").rglob("*.py"):
        assert imported(file) <= {*sys.stdlib_module_names, "host"}, file


@pytest.mark.parametrize("layer", LAYERS)
def test_no_layer_imports_the_program_on_the_host(layer: str) -> None:
    """It is called by a line, so that the version on a host can differ from this one."""
    for file in (ROOT / layer).rglob("*.py"):
        assert "host" not in imported(file), file


def test_the_local_stack_imports_neither_runner() -> None:
    for file in (ROOT / "local").rglob("*.py"):
        assert not imported(file) & {"components", "render", "host", "rehearsal", "cli", "tests", "pulumi"}, file


def test_the_rehearsal_runs_the_program_and_does_not_import_it() -> None:
    for file in (ROOT / "rehearsal").rglob("*.py"):
        assert not imported(file) & {"components", "render", "host", "cli", "tests"}, file


def test_the_command_runs_the_program_and_shares_only_files_with_it() -> None:
    for file in (ROOT / "cli").rglob("*.py"):
        assert not imported(file) & {"rehearsal", "tests"}, file
        assert rooms_of(file) <= {"machine"}, file


def test_the_command_imports_no_package_that_few_runs_need() -> None:
    text = "import sys, cli.__main__; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {*run.stdout.split()} & {"docker", "hcloud", "pulumi", "pulumi_command", "trustme"}


def test_templates_contain_no_shell_and_no_sql() -> None:
    names = {file.name for file in (ROOT / "render" / "templates").iterdir()}
    assert {name for name in names if name.endswith((".sh.j2", ".sql.j2"))} == set()


def test_only_the_settings_read_configuration() -> None:
    readers = [file.name for file in (ROOT / "components").rglob("*.py") if "pulumi.Config(" in file.read_text()]
    assert readers == ["secret.py"]


def test_renderers_are_pure() -> None:
    for file in (ROOT / "render").rglob("*.py"):
        assert not imported(file) & {"pulumi", "pulumi_docker", "pulumi_command", "os", "subprocess", "socket"}, file


def test_the_picture_shows_the_programs_current_resources() -> None:
    from docs import picture

    assert picture.FILE.read_text() == picture.current(), "run `make picture`"
