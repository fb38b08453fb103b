"""Volumes of apps on a real Docker: who may write to them, and what happens to the files in them."""

import uuid
from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.throwaway.box import Boxes, Said, docker
from tests.throwaway.calling import call
from tests.waiting import eventually

pytestmark = pytest.mark.docker
PATH = "/app/priv/scraper"
MakeImage = Callable[..., str]


@pytest.fixture
def image(base_image: str) -> Iterator[MakeImage]:
    """Makes an image with a user, after a script has changed its files."""
    made: list[str] = []

    def make(user: str, script: str = "true") -> str:
        name = f"trial-volume:{uuid.uuid4().hex[:8]}"
        made.append(name)
        assert docker(
            "run", "--name", f"{name.replace(':', '-')}", "--network", "none", base_image, "sh", "-c", script
        ).ok
        assert docker("commit", "--change", f"USER {user}", name.replace(":", "-"), name).ok
        assert docker("rm", name.replace(":", "-")).ok
        return name

    yield make
    docker("rmi", "-f", *made)


@pytest.fixture
def volume(boxes: Boxes) -> Iterator[str]:
    name = f"{boxes.stack}-legal-scraper"
    assert docker("volume", "create", "--label", f"sertantai.stack={boxes.stack}", name).ok
    yield name
    docker("volume", "rm", "-f", name)


def prepare(boxes: Boxes, volume: str, image: str) -> Said:
    return call("volume", boxes.stack, "legal", "scraper", volume=volume, path=PATH, inputs={"image": image})


def in_app(volume: str, image: str, script: str, options: Sequence[str] = ("--read-only",)) -> Said:
    """Runs a script as the app does: as the image's user, without any capability."""
    limits = ["--rm", "--network", "none", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", *options]
    return docker("run", *limits, "-v", f"{volume}:{PATH}", image, "sh", "-c", script)


@pytest.mark.parametrize("user", ["1000", "1000:1000", "www-data", "www-data:www-data", "root"])
def test_the_images_user_may_write_to_a_folder_that_the_image_lacks(
    boxes: Boxes, volume: str, image: MakeImage, user: str
) -> None:
    new = image(user)
    said = prepare(boxes, volume, new)
    assert (said.code, said.out) == (0, "")
    assert in_app(volume, new, f"touch {PATH}/one").ok
    assert in_app(volume, new, f"touch {PATH}/two && ls {PATH}", ()).out.split() == ["one", "two"]
    assert not boxes.names()


def test_without_the_step_the_folder_is_roots_alone(volume: str, image: MakeImage) -> None:
    assert not in_app(volume, image("1000"), f"touch {PATH}/one").ok


def test_a_folder_that_only_another_user_may_enter_is_no_obstacle(boxes: Boxes, volume: str, image: MakeImage) -> None:
    new = image("www-data", "mkdir /app && chown www-data /app && chmod 700 /app")
    assert prepare(boxes, volume, new).ok
    assert in_app(volume, new, f"touch {PATH}/one").ok


def test_the_images_files_are_reported_and_copied_into_an_empty_volume_alone(
    boxes: Boxes, volume: str, image: MakeImage
) -> None:
    first = image("www-data", f"mkdir -p {PATH} && echo 1 > {PATH}/seed && chown -R www-data /app")
    said = prepare(boxes, volume, first)
    assert said.ok
    assert said.out.startswith(f"services/legal/app/volumes/scraper: warning: the image has files in {PATH}, ")
    assert in_app(volume, first, f"cat {PATH}/seed").out == "1"
    second = image("www-data", f"mkdir -p {PATH} && echo 2 > {PATH}/seed")
    assert "warning: the image has files" in prepare(boxes, volume, second).out
    assert in_app(volume, second, f"cat {PATH}/seed").out == "1"


def test_an_empty_folder_of_the_image_is_no_warning(boxes: Boxes, volume: str, image: MakeImage) -> None:
    assert prepare(boxes, volume, image("www-data", f"mkdir -p {PATH}")).out == ""


def test_what_is_in_the_volume_keeps_its_owner_and_its_mode(boxes: Boxes, volume: str, image: MakeImage) -> None:
    new = image("1000")
    by_root = f"mkdir {PATH}/old && touch {PATH}/old/file && chmod 640 {PATH}/old/file && chmod 2775 {PATH}"
    assert in_app(volume, new, by_root, ("--user", "0")).ok
    assert prepare(boxes, volume, new).ok
    listed = in_app(volume, new, f"stat -c '%u %a' {PATH} {PATH}/old {PATH}/old/file", ("--user", "0"))
    assert listed.out.splitlines() == ["1000 2775", "0 755", "0 640"]


def test_another_image_with_another_user_may_write_too(boxes: Boxes, volume: str, image: MakeImage) -> None:
    old, new = image("1000"), image("1001")
    for current in (old, new):
        assert prepare(boxes, volume, current).ok
        assert in_app(volume, current, f"touch {PATH}/$(id -u)").ok
    assert in_app(volume, new, f"ls {PATH}").out.split() == ["1000", "1001"]


def test_the_old_app_goes_on_writing_while_the_new_one_begins(boxes: Boxes, volume: str, image: MakeImage) -> None:
    old, new = image("1000"), image("1000", "touch /newer")
    assert prepare(boxes, volume, old).ok
    # Renamed, so that no reader finds an empty file.
    script = f"while :; do date +%N > {PATH}/next; mv {PATH}/next {PATH}/old; sleep 0.05; done"
    with_volume = ["--user", "1000", "--cap-drop", "ALL", "-v", f"{volume}:{PATH}"]
    running = boxes.start("app-old", script, options=with_volume)
    assert prepare(boxes, volume, new).ok
    eventually(lambda: docker("exec", running, "test", "-e", f"{PATH}/old").ok)
    changes = f"""one=$(cat {PATH}/old)
    for _ in $(seq 600); do [ "$one" = "$(cat {PATH}/old)" ] || break; sleep 0.1; done
    test "$one" != "$(cat {PATH}/old)" && echo 2 > {PATH}/new"""
    assert in_app(volume, new, changes).ok
    assert docker("exec", running, "cat", f"{PATH}/new").out == "2"


def test_a_volume_on_the_disk_for_data_is_the_same(boxes: Boxes, image: MakeImage, tmp_path: str) -> None:
    name, new = f"{boxes.stack}-legal-disk", image("1000", f"mkdir -p {PATH} && echo 1 > {PATH}/seed")
    options = [word for pair in ("type=none", "o=bind", f"device={tmp_path}") for word in ("--opt", pair)]
    assert docker("volume", "create", *options, name).ok
    try:
        assert prepare(boxes, name, new).ok
        assert in_app(name, new, f"cat {PATH}/seed && touch {PATH}/one").out == "1"
    finally:
        docker("volume", "rm", name)


def test_a_user_that_the_image_does_not_have_is_an_error_with_the_settings_path(
    boxes: Boxes, volume: str, image: MakeImage
) -> None:
    said = prepare(boxes, volume, image("nobody-at-all"))
    assert said.code == 1
    words = f"services/legal/app/volumes/scraper: the volume {volume} cannot be given to the image's user nobody-at-all"
    assert said.out.startswith(words)
    assert said.out.rstrip().endswith("fix this and run up again")


def test_the_last_volumes_of_a_stack_are_removed_and_those_of_others_stay(boxes: Boxes, volume: str) -> None:
    other = f"{boxes.stack}-other"
    assert docker("volume", "create", "--label", f"sertantai.stack={boxes.stack}other", other).ok
    try:
        said = call("volumes-remove", boxes.stack)
        assert (said.code, said.out) == (0, f"{boxes.stack}: removed the volume {volume}\n")
        assert call("volumes-remove", boxes.stack).ok
        assert docker("volume", "ls", "-q", "--filter", f"name={boxes.stack}").out == other
    finally:
        docker("volume", "rm", other)


def test_no_volume_is_removed_while_a_container_of_the_stack_is_left(boxes: Boxes, volume: str) -> None:
    boxes.start("app", labels=boxes.labels("legal"))
    said = call("volumes-remove", boxes.stack)
    assert said.code == 1
    assert f"containers are left ({boxes.stack}-app), so no volume was removed" in said.out
    assert docker("volume", "inspect", volume).ok


def test_a_volume_that_is_no_longer_declared_is_kept_and_named(boxes: Boxes, volume: str) -> None:
    said = call("volume-leave", "legal", volume)
    assert said.out == f"legal: its volume {volume} is kept; to remove it: docker volume rm {volume}\n"
    on_disk = call("volume-leave", "legal", volume, disk="/mnt/sertantai").out
    assert on_disk.endswith(f"docker volume rm {volume} && rm -r /mnt/sertantai/{volume}\n")
    assert docker("volume", "inspect", volume).ok
