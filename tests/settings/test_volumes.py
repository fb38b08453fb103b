"""The volumes of an app: their names, their folders, and what a folder must not hide."""

import pytest

from settings import parse

from .stack import SMALL, changed, mistakes

APP = "services/legal/app"
VOLUMES = f"{APP}/volumes"


@pytest.mark.parametrize(
    "path",
    [
        "/app/priv/scraper",
        "/app/priv",
        "/app/.cache",
        "/data",
        "/var/lib/legal",
        "/home/app/files",
        "/binary",
        "/app/b",
        "/app/lib/legal-0.1.0/priv/scraper",
    ],
)
def test_a_folder_that_hides_no_program_is_accepted(path: str) -> None:
    assert mistakes({VOLUMES: {"scraper": path}}) == []


@pytest.mark.parametrize(
    "path",
    ["app/priv", "./priv", "priv", "", "/", "/app/../etc", "/app/./x", "/app//x", "/app/x/", "/a b", "/a:ro", "/a,b"],
)
def test_a_path_that_is_not_absolute_and_plain_is_refused(path: str) -> None:
    assert mistakes({VOLUMES: {"scraper": path}}) == [
        f"{VOLUMES}/scraper: must be an absolute path such as /app/priv/files"
    ]


@pytest.mark.parametrize("name", ["Scraper", "a-b", "", "a/b", "a" * 41])
def test_a_name_of_other_letters_is_refused(name: str) -> None:
    (line,) = mistakes({VOLUMES: {name: "/data"}})
    assert line.endswith(": must be a-z, 0-9 and _, 40 at most")


def test_the_name_of_electrics_own_volume_is_refused() -> None:
    (line,) = mistakes({VOLUMES: {"electric": "/data"}})
    assert line == f"{VOLUMES}/electric: must not be electric, which belongs to the platform"


@pytest.mark.parametrize(
    "path",
    [
        "/app",
        "/app/bin",
        "/app/bin/x",
        "/app/lib",
        "/app/lib/legal-1.0/ebin",
        "/app/lib/legal-1.0/priv",
        "/app/releases",
        "/app/erts-15.2.7",
    ],
)
def test_a_folder_of_the_release_is_refused(path: str) -> None:
    assert mistakes({VOLUMES: {"scraper": path}}) == [
        f"{VOLUMES}/scraper: {path} has files that the image needs; choose a folder such as /app/priv/scraper"
    ]


@pytest.mark.parametrize(
    "path", ["/bin", "/usr", "/usr/local/share", "/etc/ssl", "/tmp/x", "/run", "/var", "/home", "/root"]
)
def test_a_folder_of_the_system_is_refused(path: str) -> None:
    (line,) = mistakes({VOLUMES: {"scraper": path}})
    assert line.startswith(f"{VOLUMES}/scraper: {path} has files that the image needs; ")


@pytest.mark.parametrize("path", ["/opt/legal", "/opt/legal/lib", "/opt"])
@pytest.mark.parametrize("program", [{"migrate": ["eval", "Legal.Release.migrate"]}, {"command": ["start"]}])
def test_a_release_elsewhere_is_known_by_its_migration_or_its_command(path: str, program: dict[str, list[str]]) -> None:
    commands = {f"{APP}/{key}": ["/opt/legal/bin/legal", *words] for key, words in program.items()}
    release = {f"{APP}/migrate": None, **commands}
    (line,) = mistakes({**release, VOLUMES: {"scraper": path}})
    assert line.endswith("choose a folder such as /opt/legal/priv/scraper")
    assert mistakes({**release, VOLUMES: {"scraper": "/opt/legal/priv/scraper"}}) == []


def test_two_volumes_at_one_path_are_refused() -> None:
    assert mistakes({VOLUMES: {"scraper": "/data", "metrics": "/data"}}) == [
        f"{VOLUMES}/metrics: /data is the folder of scraper too; choose another"
    ]


@pytest.mark.parametrize(("first", "second"), [("/data", "/data/x"), ("/data/x", "/data")])
def test_a_volume_within_another_is_refused(first: str, second: str) -> None:
    assert mistakes({VOLUMES: {"scraper": first, "metrics": second}}) == [
        f"{VOLUMES}/metrics: {second} and {first} of scraper are one in the other; choose another folder"
    ]


def test_folders_whose_names_only_begin_alike_are_separate() -> None:
    assert mistakes({VOLUMES: {"scraper": "/data", "metrics": "/data2"}}) == []


def test_a_frontend_has_no_volumes() -> None:
    (line,) = mistakes({"services/legal/frontend/volumes": {"a": "/data"}})
    assert line.startswith("services/legal/frontend/volumes: is not a known setting here")


def test_a_service_without_volumes_has_the_same_settings_as_before_there_were_any() -> None:
    """A release's preflight contains them all: a new key would repeat every release."""
    assert "volumes" not in parse(SMALL).services["legal"].app.model_dump()
    declared = parse(changed(SMALL, {VOLUMES: {"scraper": "/data"}})).services["legal"].app.model_dump()
    assert declared["volumes"] == {"scraper": "/data"}
