"""A PostgreSQL that archives, and its backup container, with real pgBackRest: throwaway containers and volumes."""

import io
import json
import subprocess
import tarfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from render import postgres
from tests.throwaway.box import Said, docker
from tests.throwaway.clock import far_day, far_off
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
BINARIES = "/usr/lib/postgresql/17/bin"
PATH = f"PATH={BINARIES}:/usr/local/bin:/usr/bin:/bin"
DATA = "/var/lib/postgresql/data"
ROLE = "sertantai_backup"
PASSWORD = "word-of-the-backup"
PASSPHRASE = "passphrase-of-the-repository"
LOCAL = {"type": "posix", "path": "/var/lib/pgbackrest/first"}
SECOND = {"type": "posix", "path": "/var/lib/pgbackrest/second"}
TURN = "trap 'exit 0' TERM; while :; do python3 -m host.backup turn & wait $!; sleep 2 & wait $!; done"
IDLE = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"
ARCHIVING = {
    "archive_mode": "on",
    "archive_timeout": "15s",
    "archive_command": "pgbackrest --stanza=main archive-push %p",
    "unix_socket_directories": "/tmp",
}
INITIALIZED = (
    f"[ -e {DATA}/PG_VERSION ] || {{ initdb -D {DATA} -U postgres --locale C.UTF-8 --data-checksums >/dev/null && "
    f"echo 'host all,replication all all scram-sha-256' >> {DATA}/pg_hba.conf; }}"
)
CREATE_ROLE = f"""
CREATE ROLE {ROLE} LOGIN REPLICATION BYPASSRLS PASSWORD '{PASSWORD}';
GRANT pg_checkpoint, pg_read_all_settings, pg_read_all_stats, pg_read_all_data TO {ROLE};
GRANT EXECUTE ON FUNCTION pg_backup_start, pg_backup_stop, pg_create_restore_point, pg_switch_wal TO {ROLE};
"""


def configuration(repository: Mapping[str, str] = LOCAL, passphrase: str = PASSPHRASE, **options: str) -> str:
    """Returns pgbackrest.conf for the repository whose options `repository` has, without `repo1-`."""
    options = {
        **{f"repo1-{name}": value for name, value in repository.items()},
        "repo1-cipher-type": "aes-256-cbc",
        "repo1-cipher-pass": passphrase,
        "repo1-bundle": "y",
        "repo1-block": "y",
        "repo1-retention-full": "4",
        "compress-type": "zst",
        "start-fast": "y",
        "archive-async": "y",
        "archive-timeout": "180",
        "archive-push-queue-max": "8GiB",
        "spool-path": "/tmp/pgbackrest/spool",
        "lock-path": "/tmp/pgbackrest/lock",
        "log-level-file": "off",
        "log-level-console": "warn",
        "log-timestamp": "n",
        **{name.replace("_", "-"): value for name, value in options.items()},
    }
    lines = [f"{name}={value}" for name, value in options.items()]
    return "\n".join(["[global]", *lines, "", "[main]", f"pg1-path={DATA}", f"pg1-user={ROLE}", ""])


@dataclass
class Backups:
    """One PostgreSQL with its backup container. `start` makes both, `clear` removes everything."""

    image: str
    name: str = field(default_factory=lambda: f"trial-{uuid.uuid4().hex[:8]}")
    settings: dict[str, Any] = field(default_factory=dict)
    """Of settings.json, in place of the ones here."""
    postgres_options: dict[str, str] = field(default_factory=dict)
    docker_options: Sequence[str] = ()
    """Of both containers, such as a network of a repository's server."""
    memory_mb: int = 256
    data_size: str = ""
    """Of PostgreSQL's disk, such as 400m."""
    entry: str = IDLE

    @property
    def postgres(self) -> str:
        return f"{self.name}-postgres"

    @property
    def container(self) -> str:
        return f"{self.name}-backup"

    def start(self, files: Mapping[str, str] | None = None) -> None:
        """Starts PostgreSQL, makes the role, and starts the backup container. `files` are more of /etc/pgbackrest."""
        made = docker("network", "create", self.name)
        assert made.ok, made.error
        if self.data_size:
            # It is empty again while nobody mounts it, so its owner is an option.
            owner = docker("run", "--rm", "--network", "none", self.image, "id", "-u", "postgres").out
            options = ["type=tmpfs", "device=tmpfs", f"o=size={self.data_size},uid={owner},mode=700"]
            words = [word for option in options for word in ("--opt", option)]
            assert docker("volume", "create", *words, f"{self.name}-data").ok
        self.configure({"pgbackrest.conf": configuration(), **(files or {})})
        self.start_postgres()
        self.sql(CREATE_ROLE)
        self.start_container()

    def start_postgres(self) -> None:
        settings = ARCHIVING | self.postgres_options
        words = " ".join(
            [*postgres.arguments(256, 40, 10), *(f"-c {name}='{value}'" for name, value in settings.items())]
        )
        script = f"{INITIALIZED}; exec {words} -D {DATA} -c listen_addresses='*'"
        options = ["--init", "--network-alias", "postgres", "--shm-size", "256m", *self._volumes("")]
        self._run(self.postgres, script, options)
        eventually(lambda: docker("exec", self.postgres, "pg_isready", "-q", "-h", "127.0.0.1").ok)

    def start_container(self) -> None:
        program = ["-v", f"{ROOT}/host:/etc/pgbackrest/program/host:ro", "-v", f"{self.name}-state:/var/lib/backup"]
        memory = ["--memory", f"{self.memory_mb}m", "--memory-swap", f"{self.memory_mb}m"]
        python = ["-e", "PYTHONPATH=/etc/pgbackrest/program", "-e", "PYTHONDONTWRITEBYTECODE=1"]
        self._run(self.container, self.entry, [*self._volumes(":ro"), *program, *memory, *python])

    def _run(self, name: str, script: str, options: Sequence[str]) -> None:
        hardened = ["--user", "postgres", "--read-only", "--tmpfs", "/tmp:mode=1777", "--cap-drop", "ALL"]
        words = ["--network", self.name, *hardened, "-e", PATH, *options, *self.docker_options]
        begun = docker("run", "-d", "--name", name, *words, self.image, "bash", "-c", script)
        assert begun.ok, begun.error

    def _volumes(self, data_mode: str) -> list[str]:
        volumes = [f"data:{DATA}{data_mode}", "config:/etc/pgbackrest:ro", "repository:/var/lib/pgbackrest"]
        return [word for volume in volumes for word in ("-v", f"{self.name}-{volume}")]

    def configure(self, files: Mapping[str, str]) -> None:
        """Writes files of /etc/pgbackrest, each aside and then renamed, with today's settings.json."""
        settings = {
            "stack": "trial",
            "repositories": {"repository": "local"},
            "full": far_day(),
            "differential_hours": 6,
            "verify": far_off(),
            "postgres": {"host": "postgres", "user": ROLE},
            **self.settings,
        }
        texts = {"settings.json": json.dumps(settings), "pgpass": f"*:*:*:{ROLE}:{PASSWORD}\n", **files}
        owned = f"cd /etc/pgbackrest && mkdir -p program/host && chown postgres {DATA} /var/lib/backup ."
        unpack = f"{owned} && tar x -C /tmp && chown postgres /tmp/files/* && mv /tmp/files/* ."
        volumes = ["-v", f"{self.name}-state:/var/lib/backup", *self._volumes("")]
        words = [*("run", "--rm", "-i", "--network", "none"), *(word.removesuffix(":ro") for word in volumes)]
        command = ["docker", *words, self.image, "bash", "-c", unpack]
        done = subprocess.run(command, input=_packed(texts), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr

    def call(self, *words: str, timeout_s: int = 600) -> Said:
        """Calls the program in the backup container."""
        return self.execute(self.container, "python3", "-m", "host.backup", *words, timeout_s=timeout_s)

    def answer(self, *words: str) -> dict[str, Any]:
        """Calls the program, which must succeed, and returns the JSON object it prints."""
        said = self.call(*words)
        assert said.ok, said.error
        answer: dict[str, Any] = json.loads(said.out)
        return answer

    def execute(self, container: str, *words: str, stdin: str = "", timeout_s: int = 600) -> Said:
        return docker("exec", "-i", container, *words, stdin=stdin, timeout_s=timeout_s)

    def pgbackrest(self, *words: str, config: str = "pgbackrest.conf") -> Said:
        """Calls pgBackRest itself in the backup container."""
        options = [f"--config=/etc/pgbackrest/{config}", "--stanza=main"]
        return self.execute(
            self.container,
            "env",
            "PGHOST=postgres",
            "PGPASSFILE=/etc/pgbackrest/pgpass",
            "pgbackrest",
            *options,
            *words,
        )

    def sql(self, text: str, database: str = "postgres") -> str:
        """Queries PostgreSQL as its superuser."""
        words = [*("psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-h", "/tmp", "-U", "postgres", "-d", database)]
        said = self.execute(self.postgres, *words, stdin=text)
        assert said.ok, said.error
        return said.out

    def bash(self, script: str) -> str:
        """Runs a script in the backup container."""
        said = self.execute(self.container, "bash", "-c", script)
        assert said.ok, said.error
        return said.out

    def at_rest(self, script: str) -> None:
        """Runs a script on PostgreSQL's files while it does not run."""
        docker("stop", "-t", "300", self.postgres)  # killed, its files would not be at rest
        words = ["run", "--rm", "--network", "none", "-e", PATH, "--user", "postgres", *self._volumes("")]
        done = docker(*words, self.image, "bash", "-c", f"set -e; cd {DATA}; {script}")
        assert done.ok, done.error
        docker("start", self.postgres)
        eventually(lambda: docker("exec", self.postgres, "pg_isready", "-q", "-h", "127.0.0.1").ok)

    def status(self) -> dict[str, Any]:
        return self.answer("status")

    def clear(self) -> None:
        docker("rm", "-f", "-v", self.postgres, self.container)
        docker("volume", "rm", "-f", *(f"{self.name}-{each}" for each in ("data", "config", "repository", "state")))
        docker("network", "rm", self.name)


def _packed(texts: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in texts.items():
            content = text.encode()
            entry = tarfile.TarInfo(f"files/{name}")
            entry.size, entry.mode = len(content), 0o600
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
