"""An earlier moment is seen next to the running cluster, and then brought back: all of it, or one database."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.throwaway.box import Said, docker
from tests.waiting import eventually

from .platform import DATABASE, SERVICE, BackedUp

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.faults, pytest.mark.xdist_group("backups")]
SITE = "enforcement.localhost"
SHAPE = {"table": "items", "columns": ["id", "key"]}
OWNER = f"SET ROLE {DATABASE}_owner; "


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackedUp]:
    """One service with an Electric, and its backups on a volume."""
    platform = BackedUp(tmp_path_factory.mktemp("project"))
    electric = platform.committed["sertantai:services"][SERVICE]["electric"]
    platform.services[SERVICE]["electric"] = electric | {"access": {"kind": "public", "shapes": {"items": SHAPE}}}
    platform.protect()
    platform.lose_server()  # what an interrupted run has left
    try:
        platform.must_go_up()
        platform.await_first_backup()
        yield platform
        recover(platform, "--drop")
        assert platform.run("destroy").ok
    finally:
        platform.lose_server()  # the volumes that destroy keeps, such as the backups


def recover(platform: BackedUp, *words: str) -> Said:
    """Runs the command, which may change the stack file."""
    said = platform.command("recover", *words)
    text = (platform.folder / f"Pulumi.{platform.stack}.yaml").read_text()
    platform.config["sertantai:postgres"] = yaml.safe_load(text)["config"]["sertantai:postgres"]
    return said


def must_recover(platform: BackedUp, *words: str) -> None:
    said = recover(platform, *words)
    assert said.ok, said.out + said.error


def pause(platform: BackedUp) -> str:
    """Returns a moment in which nothing is committed."""
    time.sleep(1.1)
    moment = platform.sql("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')")
    time.sleep(1.1)
    return moment


def recovered(platform: BackedUp, statement: str) -> str:
    words = ["psql", "-XqtA", "-U", "postgres", "-d", DATABASE, "-c", statement]
    said = docker("exec", f"sertantai-{platform.stack}-recovered", *words)
    assert said.ok, said.error
    return said.out


def shape(platform: BackedUp) -> tuple[str, list[str]]:
    """Returns the handle of Electric's shape, and the keys of its rows."""
    answer = platform.get(SITE, "/electric/items?offset=-1")
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()
    return answer.headers["electric-handle"], sorted(row["value"]["key"] for row in rows if "value" in row)


def is_settled(platform: BackedUp) -> None:
    """The site serves, and another `up` has nothing to do."""
    assert platform.get(SITE, "/ready").status_code == 200
    again = platform.run("preview")
    assert again.ok, again.error
    assert not again.touched()


def test_one_second_before_a_drop_it_has_exactly_the_rows_until_then_and_back_again(platform: BackedUp) -> None:
    platform.sql(f"{OWNER}INSERT INTO items (key) VALUES ('kept')", DATABASE)
    with platform.numbers() as writing:
        writing.go_on(100)
    moment = pause(platform)
    platform.sql("INSERT INTO numbered SELECT -g FROM generate_series(1, 20) g", DATABASE)
    platform.sql("DROP TABLE numbered", DATABASE)
    platform.sql(f"{OWNER}INSERT INTO items (key) VALUES ('of after')", DATABASE)
    before, _ = shape(platform)

    must_recover(platform, "--to", moment)
    rows = f"{len(writing.acknowledged)}|{max(writing.acknowledged)}"
    assert recovered(platform, "SELECT count(*), max(n) FROM numbered") == rows
    assert platform.sql("SELECT to_regclass('numbered') IS NULL", DATABASE) == "t"
    is_settled(platform)

    must_recover(platform, "--promote", "--yes")
    assert platform.sql("SELECT count(*), max(n) FROM numbered", DATABASE) == rows
    is_settled(platform)
    after, keys = shape(platform)
    assert (keys, after != before) == (["kept"], True)

    must_recover(platform, "--back", f"sertantai-{platform.stack}-postgres", "--yes")
    assert platform.sql("SELECT to_regclass('numbered') IS NULL", DATABASE) == "t"
    is_settled(platform)
    last, keys = shape(platform)
    assert (keys, last not in (before, after)) == (["kept", "of after"], True)
    eventually(lambda: platform.status()["repositories"]["repository"]["ranges"][-1]["timeline"] == 3)

    volume = f"sertantai-{platform.stack}-postgres-{moment.translate(str.maketrans(' ', 'T', '-:'))}Z"
    must_recover(platform, "--forget", volume, "--yes")
    assert not docker("volume", "inspect", volume).ok


def test_one_database_comes_back_by_a_restore(platform: BackedUp) -> None:
    platform.sql(f"{OWNER}INSERT INTO items (key) SELECT 'item ' || g FROM generate_series(1, 50) g", DATABASE)
    rows = platform.sql("SELECT count(*) FROM items", DATABASE)
    platform.sql("CREATE TABLE others (n int)")
    moment = pause(platform)
    platform.sql(f"{OWNER}DELETE FROM items", DATABASE)
    platform.sql("INSERT INTO others VALUES (1)")

    must_recover(platform, "--drop")
    must_recover(platform, "--to", moment)
    must_recover(platform, "--database", SERVICE)
    [dump] = (platform.folder / "dumps").glob(f"{SERVICE}-*.dump")
    must_recover(platform, "--drop")
    platform.services[SERVICE]["restore"] = {"dump": f"dumps/{dump.name}", "replace": True}
    platform.must_go_up()
    assert platform.sql("SELECT count(*) FROM items", DATABASE) == rows != "0"
    assert platform.sql("SELECT count(*) FROM others") == "1"
    del platform.services[SERVICE]["restore"]


def test_the_keys_and_the_state_are_printed(platform: BackedUp) -> None:
    platform.command("backup", "keys", "--yes")
    status = platform.command("backup", "status", "--json")
    assert '"keys_printed": true' in status.out
