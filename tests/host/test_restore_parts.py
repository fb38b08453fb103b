"""What a restore is made of: containers, files, sessions, reasons. All that is not this program is fake."""

import hashlib
import io
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from host import docker, fit, in_use, rows, verbs
from host.docker import Output
from host.dumps import Dumps, create
from host.failure import Failure
from host.fit import Fit
from host.gateway import Gateway
from host.psql import Postgres, SqlError
from host.serving import Serving

AT = "services/legal/restore"
DIGEST = hashlib.sha256(b"dump").hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()
PARTS = {
    "legal-app-1": "app",
    "legal-app-2": "app",
    "legal-app-12": "app",
    "legal-electric-1": "electric",
    "legal-frontend-1": "frontend",
    "sertantai-trial-legal-migrate": "migrate",
}
SITE = """
upstream legal-app {
    server legal-app-1:4000 resolve;
}
upstream legal-electric {
    server legal-electric-1:3000 resolve;
}
"""
SERVING = Serving(stack="trial", service="legal", gateway=Gateway("nginx"), grace_s=30)


class Containers:
    """Those of a service, all running, and a gateway that leads to the first of each part."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.running = dict(PARTS)
        self.stopped: list[tuple[list[str], int]] = []
        self.said: list[Sequence[str]] = []
        self.gateway, self.stops = 0, True
        monkeypatch.setattr(docker, "names", self.names)
        monkeypatch.setattr(docker, "execute", self.execute)
        monkeypatch.setattr(docker, "stop", self.stop)

    def names(self, labels: dict[str, str], *, running: bool = False) -> list[str]:
        assert (labels["sertantai.stack"], labels["sertantai.service"]) == ("trial", "legal")
        found = self.running if running else PARTS
        return [name for name, part in found.items() if part == labels["sertantai.part"]]

    def execute(self, container: str, command: Sequence[str]) -> Output:
        assert container == "nginx"
        self.said.append(command)
        return Output(self.gateway, SITE if command[0] == "cat" else "", "")

    def stop(self, containers: list[str], grace_s: int) -> None:
        self.stopped.append((sorted(containers), grace_s))
        for name in containers if self.stops else ():
            del self.running[name]


@pytest.fixture
def containers(monkeypatch: pytest.MonkeyPatch) -> Containers:
    return Containers(monkeypatch)


def test_the_container_that_serves_is_the_one_that_the_gateway_leads_to(containers: Containers) -> None:
    assert SERVING.of("app") == ["legal-app-1"], "neither the newest, nor one whose name begins like it"
    assert SERVING.of("electric") == ["legal-electric-1"]
    assert SERVING.of("frontend") == []


def test_a_gateway_that_does_not_answer_is_told(containers: Containers) -> None:
    containers.gateway = 1
    with pytest.raises(Failure, match="legal: the gateway does not say which containers serve; run up again"):
        SERVING.of("app")
    assert not SERVING.announce()
    assert not SERVING.take_back()


def test_all_that_use_the_database_stop_also_those_that_do_not_serve(containers: Containers) -> None:
    assert SERVING.stop()
    assert sorted(containers.stopped) == [
        (["legal-app-1", "legal-app-12", "legal-app-2", "sertantai-trial-legal-migrate"], 30),
        (["legal-electric-1"], 10),
    ]
    assert [*containers.running] == ["legal-frontend-1"]


def test_one_that_does_not_stop_is_seen(containers: Containers) -> None:
    containers.stops = False
    assert not SERVING.stop()


def test_the_site_says_that_it_is_back_soon_until_it_is(containers: Containers) -> None:
    assert SERVING.announce()
    assert SERVING.take_back()
    flag = "/srv/nginx/maintenance/legal"
    assert containers.said == [["mkdir", "-p", "/srv/nginx/maintenance"], ["touch", flag], ["rm", "-f", flag]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_only_a_services_own_dumps_are_removed(home: Path) -> None:
    dumps = Dumps("trial", "legal")
    kept = [
        *(f"legal-incoming-{DIGEST}.dump", "legal-before.dump", "legal-before.dump.new", "legal-incoming-before.dump"),
        *(f"legal-incoming-incoming-{OTHER}.dump", f"legal-2-incoming-{OTHER}.dump", f"ilegal-incoming-{OTHER}.dump"),
    ]
    for name in (*kept, f"legal-incoming-{OTHER}.dump"):
        (dumps.folder / name).touch()
    dumps.remove_incoming(but=DIGEST)
    assert sorted(file.name for file in dumps.folder.iterdir()) == sorted(kept)
    dumps.remove_incoming()
    assert not dumps.incoming(DIGEST).exists()
    assert dumps.folder == home / ".sertantai" / "trial"
    assert dumps.folder.stat().st_mode & 0o077 == 0


def test_a_dump_is_whole_where_its_bytes_are_those_that_were_sent(home: Path) -> None:
    dumps = Dumps("trial", "legal")
    assert not dumps.is_whole(DIGEST)
    dumps.incoming(DIGEST).write_bytes(b"dum")
    assert not dumps.is_whole(DIGEST)
    dumps.incoming(DIGEST).write_bytes(b"dump")
    assert dumps.is_whole(DIGEST)


def test_a_file_that_another_process_still_writes_to_is_left_to_it(tmp_path: Path) -> None:
    file = tmp_path / "before.dump.new"
    old = create(file)
    new = create(file)
    os.write(old, b"old")
    os.write(new, b"new")
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o600
    os.close(old)
    os.close(new)


def arrived(capfd: pytest.CaptureFixture[str]) -> str:
    assert verbs.run(["restore-arrived", "legal", DIGEST, "--stack", "trial", "--size", "4"], io.StringIO()) == 0
    return capfd.readouterr().out.strip()


def test_what_has_arrived_is_gone_on_from_until_it_is_whole(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert arrived(capfd) == "0"
    for piece, then in ((b"du", "2"), (b"mp", "whole"), (b"more", "0")):
        words = ["restore-receive", "legal", DIGEST, "--stack", "trial"]
        assert verbs.run(words, io.TextIOWrapper(io.BytesIO(piece))) == 0
        assert arrived(capfd) == then
    assert not Dumps("trial", "legal").incoming(DIGEST).exists(), "what is not the dump goes"


class Sql:
    """A PostgreSQL that answers each question, by a word in it, or refuses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: object) -> None:
        self.answers, self.asked = answers, list[tuple[str, dict[str, str], dict[str, object]]]()

        def ask(_: Postgres, sql: str, variables: dict[str, str] | None = None, **how: object) -> str:
            [word] = [word for word in self.answers if word in sql]
            self.asked.append((word, variables or {}, how))
            answer = self.answers[word]
            if isinstance(answer, list) and answer and isinstance(answer[0], str | Exception):
                answer = answer.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer if isinstance(answer, str) else json.dumps(answer)

        monkeypatch.setattr(Postgres, "ask", ask)


def verb(capsys: pytest.CaptureFixture[str], *words: str, **told: object) -> Any:
    capsys.readouterr()
    assert verbs.run([*words, "--postgres", "postgres"], io.StringIO(json.dumps(told))) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("login", "known", "said"),
    [
        ("legal_1a2b3c4d\n", [{"digest": DIGEST}], [{"digest": DIGEST}]),
        ("\n", SqlError("nobody asks"), []),
        (SqlError("no answer"), [], []),
        (docker.NotFound("No such container"), [], []),
        ("legal_1a2b3c4d\n", SqlError("ERROR: another table of that name"), []),
    ],
)
def test_the_dumps_that_a_database_has_are_asked_as_its_app(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], login: object, known: object, said: object
) -> None:
    asked = Sql(monkeypatch, pg_auth_members=login, sertantai_restores=known).asked
    assert verb(capsys, "restored", "legal", owner="legal_owner") == said
    assert asked[0][1] == {"database": "legal", "owner": "legal_owner"}
    assert all(how == {"database": "legal", "user": "legal_1a2b3c4d"} for _, _, how in asked[1:])


DUMP: dict[str, Any] = {
    "database": "dev",
    "major": 17,
    "versions": ["1"],
    "tables": [{"schema": "public", "name": "laws", "columns": ["id"], "rows": 2}],
}
LAWS: dict[str, Any] = {
    "schema": "public",
    "name": "laws",
    "filled": False,
    "columns": {"id": "optional"},
    "triggers": [],
}
FACTS: dict[str, Any] = {
    "referring": [],
    "of_extensions": [],
    "of_others": [],
    "forced": [],
    "major": 17,
    "size_mb": 1,
    "role": "legal_owner",
    "migrations": ["1"],
    "tables": [LAWS],
}


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What is free, in MB."""
    free = {"postgres": 1000, "home": 1000}

    class Usage:
        def __init__(self, _: object) -> None:
            self.free = free["home"] << 20

    monkeypatch.setattr(fit, "_free_mb", lambda _: free["postgres"])
    monkeypatch.setattr("shutil.disk_usage", Usage)
    return free


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize(
    ("login", "facts", "problems"),
    [
        ("legal_1a2b3c4d\n", FACTS, []),
        (
            "legal_1a2b3c4d\n",
            FACTS | {"major": 16},
            [f"{AT}/dump: was made by pg_dump 17, and PostgreSQL is 16 here: "],
        ),
        ("\n", SqlError("nobody asks"), []),
        (SqlError("no answer"), FACTS, []),
        (Failure("Docker does not answer"), FACTS, []),
        ("legal_1a2b3c4d\n", SqlError("FATAL:  too many connections"), []),
        ("legal_1a2b3c4d\n", SqlError("ERROR:  permission denied"), [f"{AT}: ERROR:  permission denied"]),
    ],
)
def test_a_preview_says_what_is_in_the_way_and_nothing_where_nobody_can_say(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    login: object,
    facts: object,
    problems: list[str],
) -> None:
    Sql(monkeypatch, pg_auth_members=login, wanted=facts)
    told = {"owner": "legal_owner", "dump": DUMP, "size_mb": 0, "file_mb": 0}
    found = verb(capsys, "restore-check", "legal", "legal", **told)
    assert [line[: len(begin)] for line, begin in zip(found["problems"], problems, strict=True)] == problems
    assert found["notes"] == []


def test_without_a_dump_there_is_nothing_to_ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = Sql(monkeypatch).asked
    assert verb(capsys, "restore-check", "legal", "legal") == {"problems": [], "notes": []}
    assert asked == []


def checked(**more: Any) -> Fit:
    words: dict[str, Any] = {"size_mb": 100, "file_mb": 50, "replace": False, "disable_triggers": False, "dump": DUMP}
    return Fit(service="legal", database="legal", postgres="postgres", **(words | more))


def test_a_dump_that_fits_has_nothing_against_it(room: dict[str, int]) -> None:
    assert checked().problems(FACTS) == []
    assert checked(preview=True).notes(FACTS) == []


def test_room_is_asked_for_before_anything_stops(room: dict[str, int]) -> None:
    room |= {"postgres": 811, "home": 562}
    disk, home = checked().problems(FACTS)
    assert disk.startswith(f"{AT}: 811 MB are free on PostgreSQL's disk and the dump needs 812, with indexes and log: ")
    assert home.startswith(
        f"{AT}: 562 MB are free in {Path.home()} on the host and the dump needs 563, with a dump of "
    )


@pytest.mark.usefixtures("room")
def test_a_migration_that_the_release_brings_is_waited_for_at_preview_alone() -> None:
    dump = DUMP | {"versions": ["1", "2"], "tables": [LAWS | {"columns": ["id", "new"], "rows": 1}]}
    before = checked(dump=dump, preview=True)
    assert before.problems(FACTS) == []
    [note] = before.notes(FACTS)
    assert note.startswith(f"{AT}: waits for migrations that are not here yet: 2; the columns are compared when")
    after = checked(dump=dump).problems(FACTS)
    assert after[0].startswith(f"{AT}/dump: its database has run migrations that are not here: 2: release the image")
    assert after[1] == f"{AT}/dump: does not fit legal:"
    assert re.split(r" +\| +", after[4].strip())[:3] == ["laws", "new", "only in the dump"]


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize(
    ("dump", "facts", "begins"),
    [
        ({"versions": None}, {}, f"{AT}/dump: does not hold schema_migrations"),
        ({"versions": []}, {}, f"{AT}/dump: lacks migrations that are here: 1: run them on the database dev too"),
        ({"major": 18}, {}, f"{AT}/dump: was made by pg_dump 18, and PostgreSQL is 17 here"),
        ({}, {"tables": [LAWS | {"filled": True}]}, f"{AT}/dump: laws is not empty here: with `replace: true`"),
        ({}, {"of_extensions": [["public", "laws"]]}, f"{AT}/dump: has rows of laws, which belongs to an extension"),
        ({}, {"of_others": [["own", "t", "me"]]}, f"{AT}: own.t belongs to me, and a restore works as legal_owner"),
        ({}, {"forced": [["public", "laws"]]}, f"{AT}: laws forces row security on its owner too"),
        (
            {},
            {"tables": [LAWS | {"triggers": ["a", "b"]}]},
            f"{AT}/disable_triggers: must be true, since laws has trig",
        ),
    ],
)
def test_each_reason_is_a_line_of_its_own(dump: dict[str, Any], facts: dict[str, Any], begins: str) -> None:
    [said] = checked(dump=DUMP | dump).problems(FACTS | facts)
    assert said.startswith(begins)


@pytest.mark.usefixtures("room")
def test_settings_take_reasons_away() -> None:
    facts = FACTS | {"tables": [LAWS | {"filled": True, "triggers": ["a"]}], "referring": [["public", "notes"]]}
    with_both = checked(replace=True, disable_triggers=True, preview=True)
    assert with_both.problems(facts) == [
        f"{AT}/replace: would empty notes, which is not in the dump and refers to a table that is: dump it too"
    ]
    assert with_both.notes(facts) == [f"{AT}: replace takes the rows of laws away; they are dumped first"]


def test_the_room_that_postgresql_has_is_that_of_its_data(monkeypatch: pytest.MonkeyPatch) -> None:
    table = "Filesystem 1048576-blocks Used Available Capacity Mounted on\n/dev/sda 100 58 42 58% /data\n"
    monkeypatch.setattr(docker, "execute", lambda *_: Output(0, table, ""))
    assert fit._free_mb("postgres") == 42
    monkeypatch.setattr(docker, "execute", lambda *_: Output(1, "", "No such container"))
    assert fit._free_mb("postgres") == 0


def session(address: str, user: str, own: bool = False) -> dict[str, object]:
    return {"address": address, "user": user, "own": own}


def test_who_else_is_connected_to_the_database_is_named(
    monkeypatch: pytest.MonkeyPatch, containers: Containers
) -> None:
    monkeypatch.setattr(docker, "by_address", lambda: {"10.0.0.2": "legal-app-1", "10.0.0.9": "auth-app-1"})
    sessions = [
        *(session("10.0.0.2", "legal_1a2b3c4d", own=True), session("10.0.0.3", "legal_1a2b3c4d", own=True)),
        *(session("10.0.0.9", "legal_1a2b3c4d", own=True), session("10.0.0.1", "postgres")),
    ]
    Sql(monkeypatch, client_addr=sessions)
    end = "and does not stop with legal: stop it, then run up again"
    assert [*in_use.others(Postgres("postgres"), "legal", AT, SERVING)] == [
        f"{AT}: the container auth-app-1 is connected to legal as legal_1a2b3c4d, {end}",
        f"{AT}: 10.0.0.1 is connected to legal as postgres, {end}",
    ]


def test_sessions_of_an_interrupted_restore_end_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PAUSE_S", 0)
    own = rows.Rows(postgres=Postgres("postgres"), database="legal", owner="legal_owner", left_out=["jobs"])
    asked = Sql(monkeypatch, pg_terminate_backend=[SqlError("no answer"), "2\n", "0\n"], CREATE="").asked
    own.log_in()
    assert [word for word, _, _ in asked] == ["pg_terminate_backend"] * 3 + ["CREATE"]
    assert asked[-1][1] == {"login": "legal-restore", "owner": "legal_owner", "triggers": "origin"}


@pytest.mark.parametrize("answer", ["1\n", SqlError("no answer")])
def test_sessions_that_do_not_end_are_an_error(monkeypatch: pytest.MonkeyPatch, answer: object) -> None:
    monkeypatch.setattr(rows, "WAIT_S", 0)
    own = rows.Rows(postgres=Postgres("postgres"), database="legal", owner="legal_owner", left_out=["jobs"])
    Sql(monkeypatch, pg_terminate_backend=answer)
    with pytest.raises(SqlError):
        own.log_in()
    own.log_out()  # which is no error: it stays until the next one


def test_what_postgresql_says_is_shown_without_values() -> None:
    said = b"""WARNING:  nothing
psql:<stdin>:12: ERROR:  invalid input syntax for type json: "{"private
DETAIL:  Token "private" is invalid.
CONTEXT:  JSON data, line 1: {"private": private
COPY laws, line 1, column more: "private, line 2, column x: y"
ERROR:  duplicate key value violates unique constraint "laws_pkey"
DETAIL:  Key (id)=(private) already exists.
CONTEXT:  COPY notes, line 7
pg_restore: error: could not write
server closed the connection unexpectedly
FATAL:  the database system is shutting down
"""
    assert rows._shown(io.BytesIO(said)).splitlines() == [
        "ERROR:  invalid input syntax for type json",
        "CONTEXT:  COPY laws, line 1, column more",
        'ERROR:  duplicate key value violates unique constraint "laws_pkey"',
        "pg_restore: error: could not write",
        "server closed the connection unexpectedly",
    ]
