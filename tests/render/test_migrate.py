"""Migrations, in a container of the new image."""

import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from render import shell
from tests.waiting import eventually

from .box import Boxes, Said, docker, on_host

pytestmark = pytest.mark.docker


@pytest.fixture(autouse=True)
def _locks(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The lock of a migration is no file that stays."""
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("locks")))


def text(
    boxes: Boxes,
    script: str,
    names: Sequence[str] = (),
    timeout_s: int = 20,
    secrets: Sequence[str] = (),
    psql: str = "",
) -> str:
    command, name = ["bash", "-c", script], f"{boxes.stack}-migrate"
    boxes.made.append(name)
    return shell.migrate(
        "legal", name, boxes.image, command, ["--network", "none"], names, secrets, timeout_s, psql, psql
    )


def shown(text: str) -> str:
    """What a migration says, as it is shown."""
    return "".join(f"    {line}\n" for line in text.removesuffix("\n").split("\n"))


def migrate(boxes: Boxes, script: str, environment: Mapping[str, str] | None = None, timeout_s: int = 20) -> Said:
    given = environment or {}
    return on_host(text(boxes, script, sorted(given), timeout_s), shell.exports(given))


def test_a_migration_has_its_environment(boxes: Boxes) -> None:
    given = {
        "DATABASE_URL": "postgresql://legal:p%40ss@postgres/legal",
        "ODD": """two
lines, 'single', "double", $HOME, `id`, \\n and é""",
        "EMPTY": "",
        "TRAILING": "newline\n",
    }
    said = migrate(boxes, 'for v in DATABASE_URL ODD EMPTY TRAILING; do printf "%s|" "${!v}"; done', given)
    assert said.ok, said.error
    assert said.error == shown("".join(f"{value}|" for value in given.values()))


def test_no_name_in_the_environment_means_anything_to_the_step(boxes: Boxes) -> None:
    names = ["name", "environment", "code", "text", "TMPDIR", "TERM", "a1_", "HOSTNAME", "timeout", "docker"]
    given = {name: f"/no/such; {name}" for name in names}
    said = migrate(boxes, f'for v in {" ".join(names)}; do printf "%s|" "${{!v}}"; done', given)
    assert (said.error, said.ok) == (shown("".join(f"{value}|" for value in given.values())), True)


def test_what_a_migration_says_is_shown(boxes: Boxes) -> None:
    said = migrate(boxes, "echo '== Running'; echo '[warning] slow' >&2")
    assert sorted(said.error.splitlines()) == ["    == Running", "    [warning] slow"]


def test_a_failing_migration_fails_with_its_own_code(boxes: Boxes) -> None:
    said = migrate(boxes, "echo 'column exists' >&2; exit 7")
    assert said.code == 7
    assert said.error.splitlines() == [
        "    column exists",
        "legal/migrate: failed with exit code 7",
        "legal/migrate: what served before still serves; mend it and run up again",
    ]


@pytest.mark.parametrize("on_term", ["exit 0", "exit 143", ""])
def test_a_migration_that_takes_too_long_is_stopped(boxes: Boxes, on_term: str) -> None:
    step = text(boxes, f"trap '{on_term}' TERM; while :; do sleep 0.05; done", timeout_s=1).replace("-k 10", "-k 1")
    said = on_host(step)
    assert not said.ok
    assert said.error.startswith("legal/migrate: stopped after 1 s; raise migrate_timeout_s if it needs longer\n")
    assert boxes.names() == set()


def test_a_migration_that_takes_too_long_may_roll_back(boxes: Boxes, tmp_path: Path) -> None:
    script = "trap 'echo rolled back > /out/said; exit 0' TERM; while :; do sleep 0.05; done"
    step = text(boxes, script, timeout_s=5).replace("--network none", f"--network none -v {tmp_path}:/out")
    assert on_host(step).code == 124
    assert (tmp_path / "said").read_text() == "rolled back\n"


def test_a_migration_leaves_no_container(boxes: Boxes) -> None:
    assert migrate(boxes, "true").ok
    assert boxes.names() == set()


def test_one_that_a_killed_run_left_behind_is_removed_first(boxes: Boxes) -> None:
    boxes.start("migrate")
    assert migrate(boxes, "echo done").error == shown("done")


def test_two_runs_migrate_one_after_the_other(boxes: Boxes, tmp_path: Path) -> None:
    script = "echo in >> /out/said; sleep 1; echo out >> /out/said"
    step = text(boxes, script).replace("--network none", f"--network none -v {tmp_path}:/out")
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(on_host, step) for _ in range(2)]
    assert [said.result().ok for said in both] == [True, True]
    assert (tmp_path / "said").read_text().split() == ["in", "out", "in", "out"]


def test_a_second_run_does_not_wait_for_ever(boxes: Boxes) -> None:
    slow, quick = text(boxes, "sleep 4"), text(boxes, "true", timeout_s=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(on_host, slow)
        eventually(lambda: boxes.names() == {"migrate"})
        second = on_host(quick)
        assert second.code == 1
        assert second.error == "legal/migrate: another migration runs still; run up again when it is done\n"
    assert first.result().ok


def test_no_secret_is_in_a_command_line(boxes: Boxes) -> None:
    secret = "s3cr3t-" + boxes.stack
    step = text(boxes, "while [ ! -e /tmp/end ]; do sleep 0.05; done", ["DATABASE_URL"])
    process = subprocess.Popen(["bash", "-c", step], stdin=subprocess.PIPE, text=True)
    assert process.stdin
    process.stdin.write(shell.exports({"DATABASE_URL": secret}))
    process.stdin.close()
    eventually(lambda: docker("exec", f"{boxes.stack}-migrate", "true").ok)
    lines = [file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline") if readable(file)]
    assert [line for line in lines if f"{boxes.stack}-migrate".encode() in line]
    assert not [line for line in lines if secret.encode() in line]
    assert docker("exec", f"{boxes.stack}-migrate", "touch", "/tmp/end").ok
    assert process.wait(20) == 0
    time.sleep(0.1)


def readable(file: Path) -> bool:
    try:
        file.read_bytes()
    except OSError:
        return False
    return True


def test_what_a_migration_says_hides_its_secrets_and_the_passwords_in_them(boxes: Boxes) -> None:
    given = {"DATABASE_URL": "postgresql://legal:p4ssw0rd@postgres/legal", "KEY": "k3y-of-ours", "PORT": "4000"}
    script = 'echo "$DATABASE_URL $KEY $PORT p4ssw0rd"'
    said = on_host(
        text(boxes, script, sorted(given), secrets=["DATABASE_URL", "KEY", "REDIS_URL"]), shell.exports(given)
    )
    assert said.error == shown("[secret] [secret] 4000 [secret]")


# A PostgreSQL whose schema_migrations is a file.
POSTGRES = """
cd "$0"; text=$(cat); [ ! -e down ] || exit 2
case "$text" in *schema_migrations*) cat versions ;; *pg_create_restore_point*) echo "$text" >> points ;; esac
"""


def on_database(boxes: Boxes, folder: Path, script: str) -> Said:
    (folder / "versions").write_text("20240101000000\n")
    psql = shlex.join(["bash", "-c", POSTGRES, str(folder)])
    return on_host(text(boxes, script, psql=psql).replace("--network none", f"--network none -v {folder}:/database"))


def test_a_migration_says_what_it_applied_after_a_restore_point(boxes: Boxes, tmp_path: Path) -> None:
    said = on_database(boxes, tmp_path, "echo 20240102000000 >> /database/versions; cat /database/points")
    assert said.ok, said.error
    point, applied = said.out.splitlines()
    name = point.removeprefix("legal/migrate: restore point ")
    assert f"pg_create_restore_point('{name}')" in said.error
    assert applied == "legal/migrate: applied 20240102000000"


def test_a_migration_that_fails_says_what_it_had_applied_and_how_to_go_on(boxes: Boxes, tmp_path: Path) -> None:
    said = on_database(boxes, tmp_path, "echo 20240102000000 >> /database/versions; exit 3")
    assert said.code == 3
    assert "legal/migrate: applied before that: 20240102000000. What served before still serves" in said.error
    assert "run up again: it goes on from there" in said.error
    assert "legal/migrate: applied before that: nothing." in on_database(boxes, tmp_path, "exit 3").error


def test_without_postgres_no_migration_begins(boxes: Boxes, tmp_path: Path) -> None:
    (tmp_path / "down").touch()
    said = on_database(boxes, tmp_path, "touch /database/ran")
    assert said.code == 1
    assert said.error == "legal/migrate: PostgreSQL does not answer; nothing was touched: run up again\n"
    assert not (tmp_path / "ran").exists()
