"""Electric's slot changes hands: only one may hold it."""

import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from render import cutover as render
from tests.waiting import eventually

from .box import Boxes, Said, docker, on_host

pytestmark = pytest.mark.docker
# The slot is a lock on a shared volume; who has it is active. It waits for it as long as it takes.
WAITS = "until flock -n 9; do sleep 0.05; done; touch /tmp/active; echo active"
ELECTRIC = f"trap 'exit 0' TERM; exec 9>/slot/lock; {{}}{WAITS}; while :; do sleep 0.05; done"
ACTIVE = ["test", "-e", "/tmp/active"]


# What PostgreSQL knows lies in a folder, and the slot is there until it is dropped.
POSTGRES = """
cd "$0"; text=$(cat)
case "$text" in
  *"WHERE name = 'cutover/legal'"*) cat known 2>/dev/null; [ ! -e down ] ;;
  *pg_drop_replication_slot*) touch dropped ;;
  *"SELECT 1 FROM pg_replication_slots"*) [ -e dropped ] || echo 1 ;;
  *) echo "$text" | sed -nE "s/.*'cutover\\/legal', 'cutover', '([^']*)', '([^']*)'.*/\\1 \\2/p" > known; rm -f dropped
     echo "$text" | grep -o "'the mark'" ;;
esac
"""


def memory(boxes: Boxes) -> Path:
    return Path(tempfile.gettempdir(), boxes.stack)


@pytest.fixture
def slot(boxes: Boxes) -> Iterator[Boxes]:
    """Boxes with a volume for the slot."""
    memory(boxes).mkdir()
    boxes.start("gateway")  # without a site
    yield boxes
    shutil.rmtree(memory(boxes))
    boxes.clear()
    docker("volume", "rm", f"{boxes.stack}-slot")


def electric(boxes: Boxes, name: str, before: str = "", labels: Mapping[str, str] | None = None) -> str:
    """An Electric that does `before` before it asks for the slot. A container that starts anew is not active yet."""
    options = ["-v", f"{boxes.stack}-slot:/slot", "--tmpfs", "/tmp"]
    return boxes.start(name, ELECTRIC.format(before), labels or boxes.labels("legal", "electric"), options)


def active(container: str) -> bool:
    return docker("exec", container, *ACTIVE).ok


def cutover(boxes: Boxes, container: str, timeout_s: int = 10, *, generation: int = 0, secrets: str = "") -> Said:
    labels = boxes.labels("legal", "electric")
    psql = shlex.join(["bash", "-c", POSTGRES, str(memory(boxes))])
    text = render.cutover(
        "legal", "legal", "sertantai", container, labels,
        check=ACTIVE, timeout_s=timeout_s, cache_generation=generation,
        psql=psql, nginx_container=f"{boxes.stack}-gateway", mark="the mark",
    )  # fmt: skip
    return on_host(text, secrets)


def pair(boxes: Boxes, before: str = "") -> tuple[str, str]:
    """An active Electric, and its successor that waits."""
    old = electric(boxes, "old")
    eventually(lambda: active(old))
    return old, electric(boxes, "new", before)


def test_the_old_stops_and_the_new_is_active(slot: Boxes) -> None:
    old, new = pair(slot)
    assert not active(new)
    said = cutover(slot, new)
    assert said.ok, said.error
    mark, told = said.out.splitlines()
    assert mark == "'the mark'"
    assert told.startswith("legal/electric: active after ")
    assert active(new)
    assert not slot.running(old)


def test_a_second_run_changes_nothing(slot: Boxes) -> None:
    _, new = pair(slot)
    assert cutover(slot, new).ok
    begun = docker("inspect", "-f", "{{.State.StartedAt}}", new).out
    assert cutover(slot, new).ok
    assert docker("inspect", "-f", "{{.State.StartedAt}}", new).out == begun


def test_a_first_electric_has_none_to_eventually(slot: Boxes) -> None:
    assert cutover(slot, electric(slot, "first")).ok


def test_a_new_one_that_is_never_active_gives_the_slot_back(slot: Boxes) -> None:
    old, new = pair(slot, "echo 'no such publication'; while :; do sleep 0.05; done;")
    said = cutover(slot, new, timeout_s=1)
    assert said.code == 1
    assert "legal/electric: the new Electric is not active after " in said.error
    assert "no such publication" in said.error
    assert "mark" not in said.out
    assert said.error.endswith("legal/electric: the old Electric serves again\n")
    assert not slot.running(new)
    eventually(lambda: active(old))


def test_a_new_one_that_dies_gives_the_slot_back_at_once(slot: Boxes) -> None:
    old, new = pair(slot, "flock 9; echo 'out of shapes'; exit 1;")
    said = cutover(slot, new, timeout_s=600)
    assert said.code == 1
    assert "out of shapes" in said.error
    eventually(lambda: active(old))


def test_a_new_one_that_was_stopped_is_started_again_by_the_next_run(slot: Boxes) -> None:
    old, new = pair(slot, "while [ ! -e /slot/mended ]; do sleep 0.05; done;")
    assert cutover(slot, new, timeout_s=1).code == 1
    assert not slot.running(new)
    eventually(lambda: active(old))
    assert docker("exec", old, "touch", "/slot/mended").ok
    said = cutover(slot, new)
    assert said.ok, said.error
    assert active(new)
    assert not slot.running(old)


def test_one_whose_slot_was_dropped_under_it_starts_anew(slot: Boxes) -> None:
    _, new = pair(slot)
    assert cutover(slot, new).ok
    begun = docker("inspect", "-f", "{{.State.StartedAt}}", new).out
    (memory(slot) / "dropped").touch()
    said = cutover(slot, new)
    assert said.ok, said.error
    assert docker("inspect", "-f", "{{.State.StartedAt}}", new).out != begun
    assert active(new)


def test_a_new_one_that_is_gone_does_not_stop_the_old(slot: Boxes) -> None:
    old, new = pair(slot)
    assert docker("rm", "-f", new).ok
    said = cutover(slot, new)
    assert said.code == 1
    assert f"legal/electric: container {new} cannot be started; run up again" in said.error
    assert active(old)


def test_the_electrics_of_other_services_and_other_parts_go_on(slot: Boxes) -> None:
    _, new = pair(slot)
    other = slot.start("other", labels=slot.labels("auth", "electric"))
    app = slot.start("app", labels=slot.labels("legal", "app"))
    assert cutover(slot, new).ok
    assert slot.running(other)
    assert slot.running(app)


def test_another_cache_generation_drops_the_slot_once_while_no_electric_runs(slot: Boxes) -> None:
    _, new = pair(slot)
    assert cutover(slot, new).ok
    again = electric(slot, "again")
    said = cutover(slot, again, generation=1)
    assert said.ok, said.error
    assert "legal/electric: slot and shapes begin anew (cache_generation 1)" in said.out
    assert active(again)
    assert not slot.running(new)
    assert "anew" not in cutover(slot, again, generation=1).out


def test_another_cache_generation_alone_begins_anew_in_the_same_container(slot: Boxes) -> None:
    only = electric(slot, "only")
    assert cutover(slot, only).ok
    begun = docker("inspect", "-f", "{{.State.StartedAt}}", only).out
    assert cutover(slot, only, generation=1).ok
    assert docker("inspect", "-f", "{{.State.StartedAt}}", only).out != begun
    assert active(only)


def test_a_run_killed_after_the_old_stopped_gives_the_slot_back_when_it_is_run_again(slot: Boxes) -> None:
    old = electric(slot, "old")
    assert cutover(slot, old).ok
    new = electric(slot, "new", "while :; do sleep 0.05; done;")
    assert docker("stop", "-t", "10", old).ok
    said = cutover(slot, new, timeout_s=1)
    assert said.code == 1
    assert said.error.endswith("legal/electric: the old Electric serves again\n")
    eventually(lambda: active(old))


def test_without_postgres_nothing_is_touched(slot: Boxes) -> None:
    old, new = pair(slot)
    (memory(slot) / "down").touch()
    said = cutover(slot, new)
    assert said.code == 1
    assert "legal/electric: PostgreSQL does not answer; nothing was touched" in said.error
    assert active(old)


def test_the_log_of_a_new_one_that_fails_hides_its_secrets(slot: Boxes) -> None:
    _, new = pair(slot, "echo 'connecting with s3cr3t'; while :; do sleep 0.05; done;")
    said = cutover(slot, new, timeout_s=1, secrets="s3cr3t")
    assert "connecting with [secret]" in said.error
    assert "s3cr3t" not in said.error
