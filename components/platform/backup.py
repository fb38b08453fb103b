"""The container that makes the backups, tests them, and tells who must know."""

import json
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions

from render import pgbackrest as render
from render import verb
from render.postgres import DATA
from settings import BACKUP_ROLE

from ..container import Container
from ..host import Host
from ..names import container_name
from .platform_container import run_platform_container
from .postgres import Postgres

PROGRAM = ["python3", "-m", "host.backup"]
READY = ["python3", "-c", "import host.backup"]
"""Not its health check: before the first backup, or without a repository, it is not healthy, and no release waits."""
START_TIMEOUT_S = 60


@dataclass(frozen=True, kw_only=True)
class BackupArgs:
    """PostgreSQL with its archive."""

    postgres: Postgres
    host: Host


class Backup(pulumi.ComponentResource):
    """Backups of PostgreSQL. `ready` exists once its log arrives in each repository."""

    def __init__(self, name: str, args: BackupArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:platform:Backup", name, {}, opts)
        postgres, archive, host = args.postgres, args.postgres.archive, args.host
        assert archive, "PostgreSQL has no archive"
        self.container_name = container_name("backup")
        self._warn(host)
        fingerprint = host.fingerprint("login/backup")
        role = host.command(
            f"{name}-role",
            verb.line("backup-role", BACKUP_ROLE, postgres=postgres.container_name),
            stdin=Output.all(password=archive.password, fingerprint=fingerprint).apply(verb.stdin),
            reruns_on={"FINGERPRINT": fingerprint},
            parent=self,
            depends_on=[postgres.ready],
        )
        server = run_platform_container(
            name,
            Container(
                service="platform",
                part="backup",
                image=archive.image,
                memory_mb=archive.settings.memory_mb,
                check=[*PROGRAM, "health"],
                entrypoint=["sh", "-c", turns("turn")],
                environment={"PYTHONPATH": f"{render.CONFIG}/program", "PYTHONDONTWRITEBYTECODE": "1"},
                volumes={
                    DATA: (postgres.data.name, True),
                    render.STATE: (archive.state.name, False),
                    **archive.volumes(),
                },
                user="postgres",
                init=True,
                # Of two processors it may use one, and beside others that are busy a ninth.
                cpus="1.0",
                cpu_shares=128,
                grace_s=30,
            ),
            host,
            networks=[archive.network.anywhere()],
            ready_check=READY,
            start_timeout_s=START_TIMEOUT_S,
            parent=self,
            depends_on=[role, archive.written, archive.state],
        )
        self.ready = host.command(
            f"{name}-check",
            verb.line("backup-check", self.container_name),
            stdin=archive.digest.apply(lambda digest: verb.stdin({"files": digest})),
            reruns_on={"CONTAINER": server.container.id, "POSTGRES": postgres.container.id},
            parent=self,
            depends_on=[server.ready],
        )
        self.register_outputs({})

    def _warn(self, host: Host) -> None:
        """Warns of what is wrong with the backups, at preview too."""
        host.read(verb.line("backup-status", self.container_name, written=[])).apply(_log_problems)


def turns(word: str) -> str:
    """Returns the script of a backup container, which says `word` to the program again and again."""
    # The link is resolved first, so a turn that runs for hours keeps its version. A new version needs no new container.
    # PostgreSQL's official image has INT as its signal to stop.
    return f"""trap 'kill $! 2>/dev/null; wait; exit 0' INT TERM
while :; do
  PYTHONPATH=$(readlink -f {render.CONFIG}/program) python3 -m host.backup {word} & wait $!
  sleep 15 & wait $!
done
"""


def _log_problems(status: str) -> None:
    state = json.loads(status or "{}")
    if not state.get("exists", bool(status)):  # before the first `up`; later the preview shows that it is missing
        return
    for problem in state["problems"]:
        pulumi.log.warn(problem)
    if state.get("keys_printed") is False:
        pulumi.log.warn("backup: nobody has printed the keys that a recovery needs: run `./sertantai backup keys`")
