"""A small platform with backups: one service, its own network and ports, and a repository of any kind."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.doubles.repositories.s3 import ObjectStorage
from tests.doubles.repositories.sftp import StorageBox
from tests.e2e.foundation import own
from tests.e2e.platform import Platform
from tests.e2e.runner import Engine, Rehearsal, Run, Runner, has_engine
from tests.places import RUN, Place, copy_from_project
from tests.sweeping import sweep, sweep_volumes
from tests.throwaway.box import Said
from tests.waiting import eventually, hear

from .writing import Numbers

PLACE, OTHER_PLACE = Place("backups"), Place("backups-other")
STACK = f"backups{RUN or ''}"
OTHER_STACK = f"{STACK}b"
SERVICE, DATABASE = "enforcement", "sertantai_enforcement_local"
SFTP_PORT, S3_PORT = PLACE.ports[10], PLACE.ports[11]
PASSPHRASE = "a-passphrase-that-the-operator-keeps"
Repository = StorageBox | ObjectStorage


class BackedUp(Platform):
    """A platform of one service. `protect` declares where it keeps its backups."""

    def __init__(self, folder: Path, kind: type[Runner] | None = None, *, other: bool = False) -> None:
        """`other`: a second one, next to the first."""
        place, stack = (OTHER_PLACE, OTHER_STACK) if other else (PLACE, STACK)
        super().__init__(folder, kind or (Engine if has_engine() else Rehearsal), place, stack)
        copy_from_project(folder, "cli")
        service = self.services[SERVICE]
        del service["electric"]
        self.config["sertantai:services"] = {SERVICE: service}
        del self.config["sertantai:redis"]
        self.config["sertantai:postgres"] |= {"memory_mb": 512, "max_connections": 100}

    @property
    def backup_network(self) -> str:
        return f"{self.config['sertantai:network']['name']}_backup"

    def protect(self, repository: Repository | None = None, second: Repository | None = None, **settings: Any) -> None:
        """Declares backups: on a volume, or in `repository`, and a copy in `second`."""
        self.config = {name: value for name, value in self.config.items() if not name.startswith("sertantai:backup_")}
        block: dict[str, Any] = {"subnet": str(self.place.subnets[1]), "repository": {"kind": "local"}, **settings}
        for setting, place in (("repository", repository), ("second", second)):
            if place:
                block[setting] = self._place(setting, place)
        self.config["sertantai:backup"] = block
        self.config["sertantai:backup_passphrase"] = PASSPHRASE

    def _place(self, setting: str, place: Repository) -> dict[str, Any]:
        """Returns the block of a repository. Its secrets are set."""
        prefix = "sertantai:backup_" + ("second_" if setting == "second" else "")
        if isinstance(place, StorageBox):
            self.config[f"{prefix}sftp_key"] = place.key
            return place.settings()
        self.config |= {f"{prefix}s3_key": place.key, f"{prefix}s3_secret": place.secret}
        bundle = self.folder / f"{setting}.pem"
        bundle.write_text(place.authority)
        return {**place.settings(), "ca_bundle": str(bundle)}

    def must_go_up(self) -> Run:
        run = self.up()
        assert run.ok, run.error + run.said
        return run

    def command(self, *words: str, timeout_s: int = 600) -> Said:
        """Runs `./sertantai WORDS --stack ...` as an operator does."""
        self.write()
        environment = dict(os.environ)
        if isinstance(self.runner, Engine):
            environment |= self.runner.environment
        line = [sys.executable, "-m", "cli", *words, "--stack", self.stack]
        begun = time.monotonic()
        done = subprocess.run(
            line,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        said = Said(done.returncode, done.stdout, done.stderr, time.monotonic() - begun)
        hear(said)
        return said

    def program(self, *words: str, timeout_s: int = 600) -> Said:
        """Calls the program in the backup container."""
        line = ["docker", "exec", f"sertantai-{self.stack}-backup", "python3", "-m", "host.backup", *words]
        begun = time.monotonic()
        done = subprocess.run(line, capture_output=True, text=True, timeout=timeout_s)
        said = Said(done.returncode, done.stdout, done.stderr, time.monotonic() - begun)
        hear(said)
        return said

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Calls the program in the background."""
        line = ["docker", "exec", f"sertantai-{self.stack}-backup", "python3", "-m", "host.backup", *words]
        return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)

    def status(self) -> dict[str, Any]:
        said = self.program("status")
        assert said.ok, said.error
        status: dict[str, Any] = json.loads(said.out)
        return status

    def problems(self) -> str:
        """Returns what the status says is wrong."""
        return "\n".join(self.status()["problems"])

    def health(self) -> str:
        """Returns what Docker shows of the backup container: healthy or unhealthy."""
        return str(own(self, "backup").attrs["State"]["Health"]["Status"])

    def backed_up(self, setting: str = "repository") -> bool:
        """Whether this repository has a good backup."""
        return any(not each["error"] for each in self.status()["repositories"][setting]["backups"])

    def recovered(self, statement: str, database: str) -> str:
        """Returns the answer of the recovered cluster."""
        command = ["psql", "-X", "-A", "-t", "-U", "postgres", "-d", database, "-c", statement]
        code, output = own(self, "recovered").exec_run(command)
        text = bytes(output).decode().strip()  # type: ignore[arg-type]
        assert code == 0, text
        return text

    def app_environment(self) -> list[str]:
        """Returns the environment of the service's app."""
        [app] = self.containers(service=SERVICE, part="app")
        return list(app.attrs["Config"]["Env"])

    def numbers(self) -> Numbers:
        """Returns a client that commits numbered rows."""
        words = ["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", DATABASE]
        session = ["docker", "exec", "-i", f"sertantai-{self.stack}-postgres", *words]
        return Numbers(lambda text: self.sql(text, DATABASE), session)

    def await_first_backup(self, *settings: str) -> None:
        for setting in settings or ("repository",):
            eventually(lambda setting=setting: self.backed_up(setting), timeout_s=180)  # type: ignore[misc]

    def reaches(self, setting: str) -> str:
        """Returns the last moment that the repository in this setting can bring back."""
        ranges = self.status()["repositories"][setting]["ranges"]
        return str(ranges[-1]["to"]) if ranges else ""

    def archive(self) -> None:
        """Everything that is committed reaches the repository."""
        self.sql("CREATE TABLE IF NOT EXISTS marks (n int); INSERT INTO marks VALUES (1)")
        position = self.sql("SELECT pg_current_wal_insert_lsn()")
        self.sql("SELECT pg_switch_wal()")
        said = self.program("wait-archived", position, "--timeout", "180")
        assert said.ok, said.error

    def lose_server(self) -> None:
        """Deletes every container and volume of the stack, and the network. State and configuration remain."""
        sweep(f"sertantai.stack={self.stack}")
        sweep_volumes(f"sertantai-{self.stack}-")

    def lose_state(self) -> None:
        """Deletes what the runner has recorded."""
        state = self.folder / (".pulumi-state" if isinstance(self.runner, Engine) else ".rehearsal")
        shutil.rmtree(state)
        state.mkdir()
