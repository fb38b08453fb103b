"""A stack's PostgreSQL with backups, named and mounted as the platform does, with real pgBackRest."""

import json
import shutil
import subprocess
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from render import postgres
from tests.throwaway.backups import CREATE_ROLE, PASSWORD, ROLE, configuration
from tests.throwaway.box import Said, docker
from tests.throwaway.calling import call
from tests.throwaway.clock import far_day, far_off
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
DATA = "/var/lib/postgresql/data"
IDLE = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"


def build_image(base_image: str) -> str:
    """Returns the stand-in of PostgreSQL's image, made from the base image."""
    folder = ROOT / "local" / "images"
    words = [
        "-q",
        "--build-arg",
        f"BASE={base_image}",
        "-t",
        "trial-recovery",
        "-f",
        str(folder / "postgres/Dockerfile"),
    ]
    built = docker("build", *words, str(folder))
    assert built.ok, built.error
    return "trial-recovery"


@dataclass
class Recovering:
    """The containers of one stack. `start` makes them, `clear` removes them with what a recovery has left."""

    image: str
    stack: str = field(default_factory=lambda: f"trial{uuid.uuid4().hex[:8]}")
    moment: str = ""
    """A moment that a test remembers."""

    def of(self, part: str) -> str:
        return f"sertantai-{self.stack}-{part}"

    def start(self) -> None:
        for network in (self.stack, f"{self.stack}_backup"):
            assert docker("network", "create", network).ok
        self._write_config()
        self.start_postgres()
        self.sql(CREATE_ROLE)
        self.start_container()
        self.pgbackrest("stanza-create")

    def start_postgres(self, volume: str | None = None) -> None:
        archiving = [
            "archive_mode=on",
            "archive_timeout=15s",
            "archive_command=pgbackrest --stanza=main archive-push %p",
        ]
        settings = [word for setting in archiving for word in ("-c", setting)]
        mounts = [f"{volume or self.of('postgres')}:{DATA}", *self._mounts()]
        volumes = [word for mount in mounts for word in ("-v", mount)]
        labels = ["--label", f"sertantai.stack={self.stack}", "--label", "sertantai.part=postgres"]
        words = ["--init", "-e", "POSTGRES_PASSWORD=x", "--memory", "512m", "--shm-size", "128m", *labels, *volumes]
        network = ["--network", self.stack, "--network-alias", "postgres"]
        command = [*postgres.arguments(256, 40, 10), *settings]
        made = docker("create", "--name", self.of("postgres"), *network, *words, self.image, *command)
        assert made.ok, made.error
        connect = ["--alias", "postgres", f"{self.stack}_backup", self.of("postgres")]
        assert docker("network", "connect", *connect).ok
        assert docker("start", self.of("postgres")).ok
        eventually(lambda: docker("exec", self.of("postgres"), "pg_isready", "-q", "-h", "127.0.0.1").ok)

    def start_container(self, volume: str | None = None) -> None:
        volumes = [word for mount in self._mounts() for word in ("-v", mount)]
        words = ["--network", f"{self.stack}_backup", "--user", "postgres", "--tmpfs", "/tmp:mode=1777", *volumes]
        words += ["-e", "PYTHONPATH=/etc/pgbackrest/program"]
        data = [
            "-v",
            f"{self.of('backup')}:/var/lib/backup",
            "-v",
            f"{volume or self.of('postgres')}:{DATA}:ro",
            "--label",
            f"sertantai.stack={self.stack}",
        ]
        begun = docker("run", "-d", "--name", self.of("backup"), *words, *data, self.image, "bash", "-c", IDLE)
        assert begun.ok, begun.error

    def backup(self, kind: str = "full") -> None:
        self.pgbackrest(f"--type={kind}", "backup")

    def pgbackrest(self, *words: str) -> str:
        said = docker("exec", "-u", "postgres", self.of("postgres"), "pgbackrest", "--stanza=main", *words)
        assert said.ok, said.out + said.error
        return said.out

    def sql(self, text: str, database: str = "postgres", part: str = "postgres") -> str:
        said = self.ask(text, database, part)
        assert said.ok, said.error
        return said.out

    def ask(self, text: str, database: str = "postgres", part: str = "postgres", user: str = "postgres") -> Said:
        words = ["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", database]
        return docker("exec", "-i", self.of(part), *words, stdin=text)

    def now(self) -> str:
        """Returns the time after everything that was committed."""
        time.sleep(0.05)
        moment = self.sql("SELECT now() AT TIME ZONE 'UTC'")
        time.sleep(0.05)
        return f"{moment}+00:00"

    def exists(self, kind: str, part: str) -> bool:
        return docker(kind, "inspect", self.of(part)).ok

    def clear(self) -> None:
        mine = ["--filter", f"label=sertantai.stack={self.stack}"]
        docker("rm", "-f", "-v", *docker("ps", "-aq", *mine).out.split())
        docker("volume", "rm", "-f", *docker("volume", "ls", "-q", "--filter", f"name={self.of('')}").out.split())
        docker("network", "rm", self.stack, f"{self.stack}_backup")
        on_host = Path.home() / ".sertantai"
        shutil.rmtree(on_host / self.stack, ignore_errors=True)
        (on_host / f"{self.of('backup-config')}.lost.json").unlink(missing_ok=True)

    def _mounts(self) -> list[str]:
        return [f"{self.of('backup-config')}:/etc/pgbackrest:ro", f"{self.of('repository')}:/var/lib/pgbackrest"]

    def _write_config(self, files: Mapping[str, str] | None = None) -> None:
        settings = {
            "stack": self.stack,
            "repositories": {"repository": "local"},
            "full": far_day(),
            "differential_hours": 6,
            "verify": far_off(),
            "postgres": {"host": "postgres", "user": ROLE},
        }
        texts = {
            "pgbackrest.conf": configuration().replace(f"pg1-user={ROLE}\n", ""),
            "settings.json": json.dumps(settings),
            "pgpass": f"*:*:*:{ROLE}:{PASSWORD}\n",
            **(files or {}),
        }
        names = ("backup-config", "repository", "postgres", "backup")
        for name in names:
            assert docker("volume", "create", "--label", f"sertantai.stack={self.stack}", self.of(name)).ok
        volumes = [
            "-v",
            f"{self.of('backup-config')}:/c",
            "-v",
            f"{self.of('repository')}:/r",
            "-v",
            f"{self.of('backup')}:/s",
            "-v",
            f"{ROOT}/host:/host:ro",
        ]
        write = "".join(f"cat > /c/{name} <<'END'\n{text}\nEND\n" for name, text in texts.items())
        owned = "chown -R postgres /c /r /s && chmod 600 /c/pgpass"
        script = f"mkdir -p /c/program && cp -r /host /c/program/ && {write} {owned}"
        command = ["docker", "run", "--rm", "-i", "--network", "none", *volumes, self.image, "bash"]
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
        assert not done.returncode, done.stderr


def build(running: Recovering, moment: str) -> Said:
    """Makes the cluster of the moment, beside the running one."""
    return call("recover-build", running.stack, moment)


def compare(running: Recovering) -> dict[str, Any]:
    """What would be lost with a promotion, and the volume that would be promoted."""
    said = call("recover-compare", running.stack)
    assert said.ok, said.error
    compared: dict[str, Any] = json.loads(said.out)
    return compared
