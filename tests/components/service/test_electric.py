"""Electric's storage and cut-over, as they are declared."""

import shlex

from tests.components.declared import CONTAINER, Program, plain


def storage(program: Program, service: str) -> str:
    """Returns the cut-over's storage in the preview."""
    words = shlex.split(program.step(f"{service}-cutover").inputs["create"])
    return words[words.index("--storage") + 1]


def test_the_cut_over_shows_the_containers_storage() -> None:
    program = Program.of("local")
    for service in ("legal", "enforcement"):
        container = program.named(CONTAINER, f"{service}-electric")
        [folder] = [entry for entry in plain(container.inputs["envs"]) if entry.startswith("ELECTRIC_STORAGE_DIR=")]
        assert folder == f"ELECTRIC_STORAGE_DIR=/var/lib/electric/{storage(program, service)}"
        assert container.inputs["image"].partition("@sha256:")[2].startswith(storage(program, service))
        [volume] = container.inputs["volumes"]
        assert volume["containerPath"] == "/var/lib/electric"


def test_the_cut_over_is_one_readable_line() -> None:
    words = shlex.split(Program.of("local").step("legal-cutover").inputs["create"])
    assert words[:2] == ["cutover", "legal/electric"]
    assert words[words.index("--slot") + 1] == "electric_slot_legal"
