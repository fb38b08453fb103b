"""Everything that a restore uses, for tests without Docker."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from host import backups, docker, in_use, restore_load
from host.database_users import User, Users
from host.dumps import Dumps
from host.failure import Failure
from host.fit import Fit
from host.gate import Gate
from host.gateway import Gateway
from host.mask import Mask
from host.psql import Postgres, SqlError
from host.restore_load import Restore
from host.rows import CommandFailed, Rows
from host.serving import Serving

DIGEST = "1a2b"
FACTS = {"of_extensions": [["public", "spatial"]]}
NOTE = {"digest": DIGEST, "at": "2026-11-23 10:00", "path": "dumps/legal.dump"}
LOADED = [
    *("log in origin", "announce", "stop", "drop slot", "restore point", "dump", "put"),
    *("start electric-1", "start app-1", "gate electric-1", "gate app-1", "take back", "remove incoming", "log out"),
]
TIMES = {"check": ["true"], "port": 4000, "successes": 1, "timeout_s": 1}
BACK = ["start electric-1", "start app-1", "gate electric-1", "gate app-1", "take back"]


class Sharer:
    """Another service on the database, with the same log."""

    service = "compliance"

    def __init__(self, world: "World", app: str = "app-2") -> None:
        self.world, self.app = world, app

    def serving_containers(self, part: str) -> list[str]:
        return [self.app] if part == "app" else []

    def show_notice(self) -> bool:
        return self.world.take("announce compliance")

    def stop(self) -> bool:
        return self.world.take("stop compliance")

    def remove_notice(self) -> bool:
        return self.world.take("take back compliance")

    def as_user(self) -> User:
        slot = "electric_slot_compliance"
        return User(serving=cast(Serving, self), slot=slot, gates={"app": TIMES, "electric": TIMES})


class World:
    """Everything that a restore uses. `fails` are the steps that fail, `log` has the steps that ran."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.fails: list[str] = []
        self.known: list[dict[str, str]] = []
        self.problems: list[str] = []
        self.said = "ERROR:  division by zero"
        self.committed = False
        self.app = ["app-1"]
        self.previous = Path("/host/legal-before.dump")
        self.service = "legal"

    def take(self, step: str) -> bool:
        """Runs a step and returns whether it succeeds. Each failure happens once."""
        self.log.append(step)
        if step in self.fails:
            self.fails.remove(step)
            return False
        return True

    # Serving

    def serving_containers(self, part: str) -> list[str]:
        return self.app if part == "app" else ["electric-1"]

    def show_notice(self) -> bool:
        return self.take("announce")

    def stop(self) -> bool:
        return self.take("stop")

    def remove_notice(self) -> bool:
        return self.take("take back")

    # Rows

    def create_login(self, triggers: str) -> None:
        if not self.take(f"log in {triggers}"):
            raise SqlError("no answer")

    def drop_login(self) -> None:
        self.take("log out")

    def restored_dumps(self) -> list[dict[str, str]]:
        return self.known

    def dump(self, to: Path) -> None:
        assert to == self.previous
        if not self.take("dump"):
            raise CommandFailed("pg_dump: error: permission denied")

    def load(self, file: Path, tables: object, digest: str, path: str, *, replace: bool, skip: object) -> None:
        assert (file, tables, digest, path) == (Path("/host/incoming-1a2b"), ["laws"], DIGEST, "dumps/legal.dump")
        assert skip == [("public", "spatial")]
        if not self.take("put"):
            self.known = [NOTE] if self.committed else []
            raise CommandFailed(self.said)

    def undo(self, dump: Path, digest: str, *, skip: object) -> None:
        assert (dump, digest) == (self.previous, DIGEST)
        if not self.take("put back"):
            raise CommandFailed("ERROR:  disk full")

    def end_sessions(self) -> None:
        if not self.take("end sessions"):
            raise SqlError("no answer")

    # Postgres, as the superuser and as the app

    def query(self, sql: str, variables: Mapping[str, str] | None = None, **_: object) -> str:
        steps = {"drop_replication_slot": "drop slot", "create_restore_point": "restore point"}
        for words, step in steps.items():
            if words in sql and not self.take(step):
                raise SqlError("no answer")
        return ""

    # Dumps

    def is_whole(self, digest: str) -> bool:
        return "whole" not in self.fails

    def incoming(self, digest: str) -> Path:
        return Path(f"/host/incoming-{digest}")

    def remove_incoming(self) -> None:
        self.take("remove incoming")


class FakeFit:
    """Returns a dump of one table."""

    at = "services/legal/restore"
    replace = False

    def __init__(self, world: World, disable_triggers: bool = False) -> None:
        self.world, self.disable_triggers = world, disable_triggers

    def facts(self, query: object) -> dict[str, Any]:
        if "facts" in self.world.fails:
            raise SqlError("ERROR:  permission denied")
        return FACTS

    def problems(self, facts: object) -> list[str]:
        return self.world.problems

    def tables(self, facts: object) -> list[str]:
        return ["laws"]


def made(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()

    def pass_through(gate: Gate) -> None:
        if not world.take(f"gate {gate.container}"):
            raise Failure(f"{gate.subject}: not healthy")

    def nobody(*_: object) -> Iterator[str]:
        return iter(())

    def archive(container: str, word: str, position: str) -> str:
        if not world.take("archived"):
            raise Failure("backup/repository: does not answer")
        return "{}"

    monkeypatch.setattr(backups, "call", archive)
    monkeypatch.setattr(docker, "start", lambda container: world.take(f"start {container}"))
    monkeypatch.setattr(Gate, "wait_until_healthy", pass_through)
    monkeypatch.setattr(in_use, "transactions", nobody)
    monkeypatch.setattr(in_use, "others", nobody)
    monkeypatch.setattr(restore_load, "COMMIT_KNOWN_WAIT_S", 0.1)
    return world


def restore(
    world: World,
    *,
    known: bool = False,
    electric: bool = True,
    app: bool = True,
    disable_triggers: bool = False,
    sharers: Sequence[User] = (),
    backup: str | None = None,
) -> None:
    gates = ({"app": TIMES} if app else {}) | ({"electric": TIMES} if electric else {})
    owner = User(serving=cast(Serving, world), slot="electric_slot_legal" if electric else "", gates=gates)
    Restore(
        subject="legal/restore",
        fit=None if known else cast(Fit, FakeFit(world, disable_triggers)),
        digest=DIGEST,
        path="dumps/legal.dump",
        database="legal_prod",
        users=Users(services=[owner, *sharers], database="legal_prod", postgres=cast(Postgres, world), mask=Mask([])),
        postgres=cast(Postgres, world),
        rows=cast(Rows, world),
        dumps=cast(Dumps, world),
        backup=backup,
    ).run()


def users(database: str, *services: str) -> Users:
    """Returns services on a database, its owner first. None of their parts runs."""
    gateway = Gateway("nginx")
    return Users(
        services=[
            User(serving=Serving(stack="trial", service=name, gateway=gateway, grace_s=30), slot="", gates={})
            for name in services
        ],
        database=database,
        postgres=Postgres("postgres"),
        mask=Mask([]),
    )


def fails(world: World, *steps: str, **how: Any) -> str:
    """Returns the error of a restore in which these steps fail."""
    world.fails += steps
    with pytest.raises(Failure) as error:
        restore(world, **how)
    assert world.log[-1] == "log out", "no login stays behind"
    return str(error.value)
